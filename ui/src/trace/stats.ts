import type { Skeleton } from '../api/skeleton';
import { Flag } from './flags';

export type Grouping = 'service' | 'operation';

export interface GroupStats {
  service: string;
  /** Empty when grouped by service. */
  operation: string;
  spans: number;
  errors: number;
  total: number;
  self: number;
  average: number;
  p95: number;
  longest: number;
}

/** One entry per service, or per service and operation, most self time first. */
export function groupStats(skeleton: Skeleton, self: Float64Array, by: Grouping): GroupStats[] {
  const { header, service, operation, duration, flags } = skeleton;
  const width = by === 'operation' ? header.operations.length : 1;
  const rowsOf = new Map<number, number[]>();
  for (let row = 0; row < skeleton.rows; row++) {
    const key = service[row]! * width + (by === 'operation' ? operation[row]! : 0);
    const list = rowsOf.get(key);
    if (list) list.push(row);
    else rowsOf.set(key, [row]);
  }
  const groups = [...rowsOf].map(([key, rows]): GroupStats => {
    const durations = Float64Array.from(rows, (row) => Math.max(0, duration[row]!)).sort();
    const total = durations.reduce((sum, value) => sum + value, 0);
    return {
      service: header.services[Math.floor(key / width)]!.name,
      operation: by === 'operation' ? header.operations[key % width]! : '',
      spans: rows.length,
      errors: rows.reduce((n, row) => n + (flags[row]! & Flag.error ? 1 : 0), 0),
      total,
      self: rows.reduce((sum, row) => sum + self[row]!, 0),
      average: total / rows.length,
      p95: quantile(durations, 0.95),
      longest: durations.at(-1) ?? 0,
    };
  });
  return groups.sort((a, b) => b.self - a.self);
}

/** The nearest-rank quantile of sorted values: always one of the values. */
export function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}
