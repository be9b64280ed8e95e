import { ApiError } from '../api/error';
import type { Calls, CallName, Response } from './protocol';

/** The page's side of one trace worker. Close it when the trace is left. */
export class TraceWorker {
  readonly #worker = new Worker(new URL('./trace.worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, { resolve: (output: unknown) => void; reject: (error: Error) => void }>();
  #seq = 0;

  constructor() {
    this.#worker.addEventListener('message', (event: MessageEvent<Response>) => this.#settle(event.data));
    this.#worker.addEventListener('error', (event) => {
      this.#failAll(new ApiError('internal', `The trace worker stopped: ${event.message || 'it could not be loaded'}.`));
    });
  }

  call<K extends CallName>(call: K, input: Calls[K]['in']): Promise<Calls[K]['out']> {
    const seq = ++this.#seq;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve: (output) => resolve(output as Calls[K]['out']), reject });
      this.#worker.postMessage({ seq, call, input });
    });
  }

  close(): void {
    this.#worker.terminate();
    this.#failAll(new ApiError('internal', 'The trace was closed.'));
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.get(response.seq);
    this.#waiting.delete(response.seq);
    if (response.ok) waiting?.resolve(response.output);
    else waiting?.reject(new ApiError(response.code, response.message, response.status));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
