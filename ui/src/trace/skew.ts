import type { Skeleton } from '../api/skeleton';

/** Whether any host of the trace has a known clock error. */
export function hasSkew(skeleton: Skeleton): boolean {
  return skeleton.header.hosts.some((host) => (host.skewNs ?? 0) !== 0);
}

/** Starts with each host's clock error taken out; the column itself when there is none. */
export function correctedStarts(skeleton: Skeleton): Float64Array {
  if (!hasSkew(skeleton)) return skeleton.start;
  const skew = Float64Array.from(skeleton.header.hosts, (host) => host.skewNs ?? 0);
  const corrected = new Float64Array(skeleton.rows);
  for (let row = 0; row < skeleton.rows; row++) {
    corrected[row] = skeleton.start[row]! + skew[skeleton.host[row]!]!;
  }
  return corrected;
}

/** The earliest start and the latest end of all rows: what the timeline spans. */
export function extent(start: Float64Array, duration: Float64Array): { from: number; to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (let row = 0; row < start.length; row++) {
    from = Math.min(from, start[row]!);
    to = Math.max(to, start[row]! + Math.max(0, duration[row]!));
  }
  if (from > to) return { from: 0, to: 1 };
  return { from, to: to > from ? to : from + 1 };
}
