import { groupBy } from '../collections/groupBy';
import { ApiError } from './error';
import type { Span } from './schema';

const MOST_IDS = 500;
const WAIT_MS = 8;

type Fetch = (ids: readonly string[]) => Promise<Span[]>;

interface Waiting {
  resolve: (spans: Span[]) => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers requests for span details that are made close together into one call
 * of at most 500 ids. An id can have several spans: each caller gets them all.
 */
export class SpanBatch {
  readonly #fetch: Fetch;
  #waiting = new Map<string, Waiting[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  load(id: string): Promise<Span[]> {
    return new Promise((resolve, reject) => {
      const same = this.#waiting.get(id);
      if (same) same.push({ resolve, reject });
      else this.#waiting.set(id, [{ resolve, reject }]);
      this.#timer ??= setTimeout(() => this.#send(), WAIT_MS);
    });
  }

  #send(): void {
    const all = [...this.#waiting];
    this.#waiting = new Map();
    this.#timer = undefined;
    for (let i = 0; i < all.length; i += MOST_IDS) void this.#sendSome(all.slice(i, i + MOST_IDS));
  }

  async #sendSome(batch: ReadonlyArray<readonly [string, Waiting[]]>): Promise<void> {
    try {
      const byId = groupBy(await this.#fetch(batch.map(([id]) => id)), (span) => span.spanId);
      for (const [id, waiting] of batch) {
        const spans = byId.get(id);
        for (const { resolve, reject } of waiting) {
          if (spans) resolve(spans);
          else reject(new ApiError('not_found', `Span ${id} is no longer stored.`));
        }
      }
    } catch (error) {
      for (const [, waiting] of batch) for (const { reject } of waiting) reject(error);
    }
  }
}
