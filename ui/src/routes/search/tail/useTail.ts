import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../../../api/error';
import { tailOf } from '../../../api/tail';
import { EMPTY_TAIL, paused, type Tail, withSpans } from '../../../search/tail';

export interface LiveTail {
  tail: Tail;
  state: 'connecting' | 'open' | 'failed';
  error: Error | null;
  /** Why spans may be missing, in the server's words. */
  partial?: string;
  pause: (paused: boolean) => void;
  retry: () => void;
}

/** How far one has come, over all answers of the server. */
interface Progress {
  /** The server counts from the beginning of each answer. */
  matched: number;
  dropped: number;
  /** Where to go on; what is there already comes again, and is known. */
  since?: string;
}

/** Follows the spans that a query selects, always the same, for as long as the caller is mounted. */
export function useTail(q: string): LiveTail {
  const [tail, setTail] = useState(EMPTY_TAIL);
  const [state, setState] = useState<LiveTail['state']>('connecting');
  const [error, setError] = useState<Error | null>(null);
  const [partial, setPartial] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const progress = useRef<Progress>({ matched: 0, dropped: 0 });

  useEffect(() => {
    const abort = new AbortController();
    setState('connecting');
    setError(null);
    follow(q, progress.current, abort.signal, { setTail, setState, setPartial }).catch((cause: unknown) => {
      if (abort.signal.aborted) return;
      setState('failed');
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    });
    return () => abort.abort();
  }, [q, attempt]);

  return { tail, state, error, partial, pause: (pause) => setTail((before) => paused(before, pause)), retry: () => setAttempt((n) => n + 1) };
}

interface Sink {
  setTail: (change: (before: Tail) => Tail) => void;
  setState: (state: LiveTail['state']) => void;
  setPartial: (partial: string | undefined) => void;
}

/** Goes on behind every end that the server's time limit makes. Throws what ends it for good. */
async function follow(q: string, progress: Progress, signal: AbortSignal, { setTail, setState, setPartial }: Sink): Promise<void> {
  for (;;) {
    let ended = false;
    const { matched, dropped } = progress;
    for await (const event of tailOf(q, progress.since, signal)) {
      if (event.type === 'error') throw new ApiError('internal', event.error.message);
      if (event.type === 'end') {
        progress.since = event.since;
        ended = true;
        break;
      }
      setState('open');
      const counts = { matched: matched + event.matched, dropped: dropped + event.dropped };
      const last = event.type === 'spans' ? event.spans.at(-1)?.startUnixNano : undefined;
      Object.assign(progress, counts, last && { since: last });
      if (event.type === 'status') setPartial(event.partial);
      setTail((before) => ({ ...(event.type === 'spans' ? withSpans(before, event.spans) : before), ...counts }));
    }
    if (signal.aborted) return;
    if (!ended) throw new ApiError('unreachable', 'The live tail broke off. Is heddle still running?');
  }
}
