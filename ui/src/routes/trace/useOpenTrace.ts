import { useCallback, useEffect, useState } from 'react';
import { skeletonUrl } from '../../api/client';
import { openTrace, type TraceModel } from '../../trace/model';
import { TraceWorker } from '../../worker/client';

export type Opening =
  | { state: 'loading' }
  | { state: 'failed'; error: Error }
  | { state: 'open'; trace: TraceModel; worker: TraceWorker };

/** Opens a trace in its own worker, and closes both when it is left. */
export function useOpenTrace(traceId: string): { opening: Opening; reload: () => void } {
  const [opening, setOpening] = useState<Opening>({ state: 'loading' });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const worker = new TraceWorker();
    let left = false;
    setOpening({ state: 'loading' });
    worker.call('load', { url: skeletonUrl(traceId) }).then(
      (loaded) => left || setOpening({ state: 'open', trace: openTrace(loaded), worker }),
      (error: Error) => left || setOpening({ state: 'failed', error }),
    );
    return () => {
      left = true;
      worker.close();
    };
  }, [traceId, attempt]);

  return { opening, reload: useCallback(() => setAttempt((n) => n + 1), []) };
}
