import type { DiffNode } from '../../api/schema';

/** How a path differs between the two traces, in the order in which they are told. */
export const VERDICTS = ['onlyA', 'onlyB', 'slower', 'faster', 'counts', 'same'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const WORDS: Record<Verdict, string> = {
  onlyA: 'Only in A',
  onlyB: 'Only in B',
  slower: 'Slower',
  faster: 'Faster',
  counts: 'Other counts',
  same: 'Same',
};

/** The server judges by time alone; another number of spans or errors is a difference too. */
export function verdictOf({ change, a, b }: DiffNode): Verdict {
  switch (change) {
    case 'removed':
      return 'onlyA';
    case 'added':
      return 'onlyB';
    case 'same':
      return a?.spans === b?.spans && a?.errors === b?.errors ? 'same' : 'counts';
    default:
      return change;
  }
}

export const differs = (node: DiffNode) => verdictOf(node) !== 'same';
