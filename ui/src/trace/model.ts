// One opened trace, as the views see it: arrays over rows, nothing per span.
import { decodeSkeleton, type Skeleton } from '../api/skeleton';
import type { LoadedTrace } from '../worker/protocol';
import { KIND_NAMES } from './flags';
import { assignMarks, type ServiceMark } from './serviceColor';
import type { Shape } from './shape';
import { extent } from './skew';
import type { Range } from './timeWindow';

export interface Times {
  /** ns after the trace's recorded start. */
  start: Float64Array;
  self: Float64Array;
  /** Earliest start to latest end. */
  whole: Range;
}

export interface TraceModel extends Shape {
  skeleton: Skeleton;
  recorded: Times;
  /** With clock errors taken out; null when no host has a known one. */
  corrected: Times | null;
  /** Mark of each service, by its index in the header. */
  marks: ServiceMark[];
}

export function openTrace(loaded: LoadedTrace): TraceModel {
  const skeleton = decodeSkeleton(loaded.payload);
  const { duration, header } = skeleton;
  const times = (start: Float64Array, self: Float64Array): Times => ({ start, self, whole: extent(start, duration) });
  return {
    skeleton,
    depth: loaded.depth,
    end: loaded.end,
    children: loaded.children,
    recorded: times(skeleton.start, loaded.self),
    corrected: loaded.corrected ? times(loaded.corrected.start, loaded.corrected.self) : null,
    marks: marksByIndex(header.services.map((s) => s.name), header.services.map((s) => s.spans)),
  };
}

// The header lists services in any order; marks go by rank.
function marksByIndex(names: string[], spans: number[]): ServiceMark[] {
  const rank = names.map((_, i) => i).sort((a, b) => spans[b]! - spans[a]! || (names[a]! < names[b]! ? -1 : 1));
  const ranked = assignMarks(rank.map((i) => names[i]!));
  const marks: ServiceMark[] = [];
  rank.forEach((index, position) => (marks[index] = ranked[position]!));
  return marks;
}

/** ns from the start of what is shown to a row: a corrected clock can move the first span. */
export const sinceStart = (times: Times, row: number) => times.start[row]! - times.whole.from;

export const timesOf = (trace: TraceModel, corrected: boolean): Times =>
  (corrected && trace.corrected) || trace.recorded;

type Rows = Pick<TraceModel, 'skeleton'>;

export const serviceAt = (trace: Rows, row: number) => trace.skeleton.header.services[trace.skeleton.service[row]!]!.name;
export const operationAt = (trace: Rows, row: number) => trace.skeleton.header.operations[trace.skeleton.operation[row]!]!;
export const hostAt = (trace: TraceModel, row: number) => trace.skeleton.header.hosts[trace.skeleton.host[row]!];
export const markAt = (trace: TraceModel, row: number) => trace.marks[trace.skeleton.service[row]!]!;
export const kindAt = (trace: TraceModel, row: number) => KIND_NAMES[trace.skeleton.kind[row]!] ?? 'unspecified';
export const hasFlag = (trace: TraceModel, row: number, bit: number) => (trace.skeleton.flags[row]! & bit) !== 0;

/** The row that stands for the trace: its first root, else its first row. */
export function leadRow(trace: Rows): number {
  const at = trace.skeleton.flags.findIndex((flags) => (flags & 4) !== 0);
  return Math.max(0, at);
}
