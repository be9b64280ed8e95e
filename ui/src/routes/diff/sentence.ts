import type { DiffNode } from '../../api/schema';
import { formatCount, formatShare, plural } from '../../format/count';
import { formatDuration } from '../../format/duration';
import { type Verdict, verdictOf, VERDICTS } from './verdict';

/** "+1.20 ms", "−3.00 s", "0 ns". */
export function signedDuration(ns: number): string {
  return ns > 0 ? `+${formatDuration(ns)}` : formatDuration(ns);
}

/** "B took 12.0 ms longer than A (+10.0 %)." */
export function durationSentence(a: number, b: number): string {
  if (a === b) return `Both took ${formatDuration(a)}.`;
  const share = a > 0 ? ` (${b > a ? '+' : '−'}${formatShare(Math.abs(b - a) / a)})` : '';
  return `B took ${formatDuration(Math.abs(b - a))} ${b > a ? 'longer' : 'less'} than A${share}.`;
}

/** "5 of 12 paths differ: 2 only in A (3 spans), 1 slower, 2 with other counts." */
export function pathsSentence(nodes: readonly DiffNode[]): string {
  const tally = new Map<Verdict, { paths: number; spans: number }>(VERDICTS.map((verdict) => [verdict, { paths: 0, spans: 0 }]));
  for (const node of nodes) {
    const entry = tally.get(verdictOf(node))!;
    entry.paths++;
    entry.spans += (node.a ?? node.b)?.spans ?? 0;
  }
  const differing = nodes.length - tally.get('same')!.paths;
  if (differing === 0) return `Nothing differs: both have the same ${plural(nodes.length, 'path')}, about as long.`;
  const parts = VERDICTS.flatMap((verdict) => {
    const { paths, spans } = tally.get(verdict)!;
    return verdict === 'same' || paths === 0 ? [] : [PARTS[verdict](formatCount(paths), plural(spans, 'span'))];
  });
  return `${formatCount(differing)} of ${plural(nodes.length, 'path')} ${differing === 1 ? 'differs' : 'differ'}: ${parts.join(', ')}.`;
}

const PARTS: Record<Exclude<Verdict, 'same'>, (paths: string, spans: string) => string> = {
  onlyA: (paths, spans) => `${paths} only in A (${spans})`,
  onlyB: (paths, spans) => `${paths} only in B (${spans})`,
  slower: (paths) => `${paths} slower in B`,
  faster: (paths) => `${paths} faster in B`,
  counts: (paths) => `${paths} with other counts of spans or errors`,
};
