// Messages between the page and the trace worker. Big arrays cross as
// transferables; the worker keeps its own payload for search and sorting.
import type { ErrorCode } from '../api/error';
import type { Bins } from '../trace/minimap';
import type { OrderColumn } from '../trace/order';
import type { GroupStats, Grouping } from '../trace/stats';

export interface LoadedTrace {
  /** The payload as it came; the page decodes it to views, which copies nothing. */
  payload: ArrayBuffer;
  depth: Uint16Array;
  end: Uint32Array;
  children: Uint32Array;
  self: Float64Array;
  /** Present when a host's clock is off: starts and self times put right. */
  corrected?: { start: Float64Array; self: Float64Array };
}

/** Every request by name: what goes in, what comes back. */
export interface Calls {
  load: { in: { url: string }; out: LoadedTrace };
  search: { in: { query: string }; out: Uint32Array };
  order: { in: { column: OrderColumn; descending: boolean; corrected: boolean }; out: Uint32Array };
  stats: { in: { by: Grouping; corrected: boolean }; out: GroupStats[] };
  bins: {
    in: { width: number; lanes: number; corrected: boolean; slotOf: Uint8Array; slots: number; from: number; to: number };
    out: Bins;
  };
}

export type CallName = keyof Calls;

export type Request = { [K in CallName]: { seq: number; call: K; input: Calls[K]['in'] } }[CallName];

export type Response =
  | { seq: number; ok: true; output: unknown }
  | { seq: number; ok: false; code: ErrorCode; message: string; status: number };
