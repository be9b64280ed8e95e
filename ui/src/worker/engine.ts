// What the trace worker can do, apart from the message plumbing, so that tests
// run it without a worker.
import { fetchSkeleton } from '../api/fetchSkeleton';
import { decodeSkeleton, type Skeleton } from '../api/skeleton';
import { Flag } from '../trace/flags';
import { binSpans } from '../trace/minimap';
import { orderRows } from '../trace/order';
import { searchRows } from '../trace/search';
import { selfTimes } from '../trace/selfTime';
import { buildShape } from '../trace/shape';
import { correctedStarts, hasSkew } from '../trace/skew';
import { groupStats } from '../trace/stats';
import type { Calls, LoadedTrace } from './protocol';

interface Times {
  start: Float64Array;
  self: Float64Array;
}

export class TraceEngine {
  #skeleton: Skeleton | null = null;
  #recorded: Times | null = null;
  #corrected: Times | null = null;

  async load({ url }: Calls['load']['in']): Promise<LoadedTrace> {
    return this.open(await fetchSkeleton(url));
  }

  /** Decodes a payload, keeps it, and returns copies that may be transferred. */
  open(payload: ArrayBuffer): LoadedTrace {
    const skeleton = decodeSkeleton(payload);
    const { parent, duration } = skeleton;
    const shape = buildShape(parent);
    this.#skeleton = skeleton;
    this.#recorded = { start: skeleton.start, self: selfTimes(parent, skeleton.start, duration) };
    this.#corrected = null;
    if (hasSkew(skeleton)) {
      const start = correctedStarts(skeleton);
      this.#corrected = { start, self: selfTimes(parent, start, duration) };
    }
    return {
      payload: payload.slice(0),
      ...shape,
      self: this.#recorded.self.slice(),
      corrected: this.#corrected
        ? { start: this.#corrected.start.slice(), self: this.#corrected.self.slice() }
        : undefined,
    };
  }

  search({ query }: Calls['search']['in']): Uint32Array {
    return searchRows(this.#trace(), query);
  }

  order({ column, descending, corrected }: Calls['order']['in']): Uint32Array {
    return orderRows(this.#trace(), this.#times(corrected), column, descending);
  }

  stats({ by, corrected }: Calls['stats']['in']) {
    return groupStats(this.#trace(), this.#times(corrected).self, by);
  }

  bins({ width, lanes, corrected, slotOf, slots, from, to }: Calls['bins']['in']) {
    const { duration, service, flags } = this.#trace();
    const failed = (row: number) => (flags[row]! & Flag.error) !== 0;
    return binSpans({ start: this.#times(corrected).start, duration, service, failed, slotOf, slots, from, to }, width, lanes);
  }

  #trace(): Skeleton {
    if (!this.#skeleton) throw new Error('no trace is loaded');
    return this.#skeleton;
  }

  #times(corrected: boolean): Times {
    this.#trace();
    return (corrected && this.#corrected) || this.#recorded!;
  }
}
