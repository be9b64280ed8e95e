import type { Skeleton } from '../api/skeleton';
import { Flag } from './flags';

export const ORDER_COLUMNS = ['tree', 'service', 'operation', 'kind', 'start', 'duration', 'self', 'status'] as const;
export type OrderColumn = (typeof ORDER_COLUMNS)[number];

/** Rows sorted by a column; equal rows keep the display order. */
export function orderRows(
  skeleton: Skeleton,
  derived: { start: Float64Array; self: Float64Array },
  column: OrderColumn,
  descending: boolean,
): Uint32Array {
  const rows = Uint32Array.from({ length: skeleton.rows }, (_, row) => row);
  const key = keyOf(skeleton, derived, column);
  const sign = descending ? -1 : 1;
  return rows.sort((a, b) => sign * (key[a]! - key[b]!) || a - b);
}

// Names are ranked once, so that sorting compares numbers only.
function keyOf(
  skeleton: Skeleton,
  derived: { start: Float64Array; self: Float64Array },
  column: OrderColumn,
): ArrayLike<number> {
  switch (column) {
    case 'tree':
      return Uint32Array.from({ length: skeleton.rows }, (_, row) => row);
    case 'service':
      return ranked(skeleton.service, skeleton.header.services.map((s) => s.name));
    case 'operation':
      return ranked(skeleton.operation, skeleton.header.operations);
    case 'kind':
      return skeleton.kind;
    case 'start':
      return derived.start;
    case 'duration':
      return skeleton.duration;
    case 'self':
      return derived.self;
    case 'status':
      return Uint8Array.from(skeleton.flags, (flags) => (flags & Flag.error ? 2 : flags & Flag.statusOk ? 1 : 0));
  }
}

function ranked(column: ArrayLike<number>, names: readonly string[]): Uint32Array {
  const order = names.map((_, i) => i).sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  const rank = new Uint32Array(names.length);
  order.forEach((index, position) => (rank[index] = position));
  return Uint32Array.from(column, (index) => rank[index]!);
}
