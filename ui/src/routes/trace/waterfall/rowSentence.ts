import { formatDuration } from '../../../format/duration';
import { Flag } from '../../../trace/flags';
import { hasFlag, operationAt, serviceAt, sinceStart, timesOf, type TraceModel } from '../../../trace/model';

const WORDS = [
  [Flag.error, 'error'],
  [Flag.orphan, 'orphan'],
  [Flag.conflict, 'conflict'],
  [Flag.cycle, 'cycle cut'],
  [Flag.endsBeforeStart, 'ends before it starts'],
] as const;

/** "checkout, POST /pay, 812 ms, error, starts at 40.0 ms": what a row is called. */
export function rowSentence(trace: TraceModel, row: number, corrected: boolean): string {
  const flags = WORDS.filter(([bit]) => hasFlag(trace, row, bit)).map(([, word]) => word);
  return [
    serviceAt(trace, row),
    operationAt(trace, row),
    formatDuration(trace.skeleton.duration[row]!),
    ...flags,
    `starts at ${formatDuration(sinceStart(timesOf(trace, corrected), row))}`,
  ].join(', ');
}
