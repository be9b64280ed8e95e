// Two sets of the matching spans to compare: some, and the others.
import type { Window } from '../api/client';
import { formatDuration } from '../format/duration';
import { condition, conditionOf, type Condition, narrowed } from '../traceql/filter';
import { durationLiteral } from '../traceql/literal';
import { FAILED } from './form';
import { type Heatmap, slowest, type Stretch } from './heatmap';

export type CohortKind = 'slow' | 'failed' | 'chosen';

export interface Cohorts {
  /** For a sentence: "spans of 20 ms and longer". */
  name: string;
  selection: string;
  baseline: string;
  window: Window;
  /** Keys that differ because the sets are made by them. */
  trivial: readonly string[];
}

/** The share of spans that counts as slow. */
const SLOW = 0.1;

const bound = (op: '>=' | '<', ns: number) => conditionOf({ field: 'duration', op, values: [durationLiteral(ns)] });

/** Null when there are not two sets: nothing chosen, or all spans alike. */
export function cohortsOf(kind: CohortKind, question: { q: string; window: Window }, map: Heatmap | null, chosen: Stretch | null): Cohorts | null {
  const { q, window } = question;
  const cohorts = (name: string, inside: Condition[], outside: Condition[], during = window): Cohorts => ({
    name,
    selection: narrowed(q, inside),
    baseline: narrowed(q, outside),
    window: during,
    trivial: [],
  });
  switch (kind) {
    case 'slow': {
      const slow = map && slowest(map, SLOW);
      if (!slow) return null;
      return cohorts(`spans of ${formatDuration(slow.min)} and longer`, [bound('>=', slow.min)], [bound('<', slow.min)]);
    }
    case 'failed':
      return { ...cohorts('failed spans', [FAILED], [condition(`!${FAILED.text}`)]), trivial: ['intrinsic.status', 'span.error'] };
    case 'chosen': {
      const { from, to, min, below } = chosen ?? {};
      if (from === undefined || to === undefined) return null;
      const during = { start: String(from), end: String(to) };
      if (min !== undefined && below !== undefined) {
        return cohorts('the chosen spans', [bound('>=', min), bound('<', below)], [condition(`(${bound('<', min).text} || ${bound('>=', below).text})`)], during);
      }
      if (min !== undefined) return cohorts('the chosen spans', [bound('>=', min)], [bound('<', min)], during);
      if (below !== undefined) return cohorts('the chosen spans', [bound('<', below)], [bound('>=', below)], during);
      return null;
    }
  }
}
