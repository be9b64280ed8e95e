import { ApiError } from '../api/error';
import { TraceEngine } from './engine';
import type { Request, Response } from './protocol';

const engine = new TraceEngine();

async function run(request: Request): Promise<unknown> {
  switch (request.call) {
    case 'load':
      return engine.load(request.input);
    case 'search':
      return engine.search(request.input);
    case 'order':
      return engine.order(request.input);
    case 'stats':
      return engine.stats(request.input);
    case 'bins':
      return engine.bins(request.input);
  }
}

/** The buffers in an answer, which move instead of being copied. */
function buffersIn(value: unknown, into: Set<Transferable> = new Set()): Set<Transferable> {
  if (value instanceof ArrayBuffer) into.add(value);
  else if (ArrayBuffer.isView(value)) into.add(value.buffer as ArrayBuffer);
  else if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    for (const inner of Object.values(value)) buffersIn(inner, into);
  }
  return into;
}

self.addEventListener('message', (event: MessageEvent<Request>) => {
  const { seq } = event.data;
  const send = (response: Response, transfer: Transferable[] = []) => self.postMessage(response, { transfer });
  run(event.data).then(
    (output) => send({ seq, ok: true, output }, [...buffersIn(output)]),
    (error: unknown) => {
      const known = error instanceof ApiError ? error : new ApiError('internal', String(error));
      send({ seq, ok: false, code: known.code, message: known.message, status: known.status });
    },
  );
});
