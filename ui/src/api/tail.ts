// The live tail: one JSON object a line until either side ends it.
import { apiUrl } from './base';
import { ApiError, errorOf, unreachable } from './error';
import { TailEvent } from './schema';

/** Objects of a stream of lines, each as soon as its line is complete. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      yield* lines.filter((line) => line !== '');
    }
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined); // it is over either way
  }
}

/** What a tail says until it ends. `since` goes on where an earlier one ended. */
export async function* tailOf(q: string, since: string | undefined, signal: AbortSignal): AsyncGenerator<TailEvent> {
  const params = new URLSearchParams();
  if (q !== '') params.set('q', q);
  if (since) params.set('since', since);
  let response: Response;
  try {
    response = await fetch(apiUrl('heddle/v1/tail', params), { signal, headers: { Accept: 'application/x-ndjson' } });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw unreachable(cause);
  }
  if (!response.ok || !response.body) throw await errorOf(response);
  for await (const line of linesOf(response.body)) {
    const event = TailEvent.safeParse(parse(line));
    // An event of a newer server is none of ours.
    if (event.success) yield event.data;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ApiError('malformed', 'The live tail sent a line that is not JSON.', 200, cause);
  }
}
