import { describe, expect, it } from 'vitest';
import { cohortsOf } from './cohort';
import { FAILED } from './form';
import type { Heatmap } from './heatmap';

const window = { start: '0', end: '100' };
const map: Heatmap = { startUnixNano: '0', stepNs: 100, columns: 1, lowerBoundsNs: [0, 1000, 2000], spans: [8, 1, 1], errors: [0, 0, 0] };
const chosen = { from: 10n, to: 20n };

describe('cohorts', () => {
  it('are the slowest tenth and the rest', () => {
    expect(cohortsOf('slow', { q: '{ .a }', window }, map, null)).toEqual({ name: 'spans of 2.00 µs and longer', selection: '{ .a && duration >= 2us }', baseline: '{ .a && duration < 2us }', window, trivial: [] });
    expect(cohortsOf('slow', { q: '', window }, { ...map, spans: [9, 0, 0] }, null)).toBeNull();
    expect(cohortsOf('slow', { q: '', window }, null, null)).toBeNull();
  });
  it('are failed spans and the others, of any query', () => {
    expect(cohortsOf('failed', { q: '{ } >> { .a }', window }, map, null)).toMatchObject({ selection: `{ } >> { .a }\n| { ${FAILED.text} }`, baseline: `{ } >> { .a }\n| { !${FAILED.text} }` });
  });
  it('are the chosen durations and all others of the same time', () => {
    expect(cohortsOf('chosen', { q: '', window }, map, { ...chosen, min: 5, below: 9 })).toEqual({
      name: 'the chosen spans',
      selection: '{ duration >= 5ns && duration < 9ns }',
      baseline: '{ (duration < 5ns || duration >= 9ns) }',
      window: { start: '10', end: '20' },
      trivial: [],
    });
    expect(cohortsOf('chosen', { q: '', window }, map, { ...chosen, min: 5 })!.baseline).toBe('{ duration < 5ns }');
    expect(cohortsOf('chosen', { q: '', window }, map, chosen)).toBeNull();
    expect(cohortsOf('chosen', { q: '', window }, map, null)).toBeNull();
  });
});
