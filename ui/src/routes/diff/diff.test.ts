import { describe, expect, it } from 'vitest';
import { Diff, type DiffNode } from '../../api/schema';
import { marksOf } from './marks';
import { prunedTo, treeOf } from './diffTree';
import { durationSentence, pathsSentence, signedDuration } from './sentence';
import { differs, verdictOf } from './verdict';

const counts = (spans: number, errors = 0) => ({ spans, errors });
const node = (name: string, parent: number, change: DiffNode['change'] = 'same', sides: Pick<DiffNode, 'a' | 'b'> = { a: counts(1), b: counts(1) }): DiffNode => ({
  parent,
  service: 'shop',
  name,
  change,
  timePerTraceANs: sides.a ? 10 : 0,
  timePerTraceBNs: sides.b ? 10 : 0,
  ...sides,
});

/** As the API has it: what only b has comes last. */
const NODES = [
  node('root', -1),
  node('cart', 0),
  node('get', 1, 'removed', { a: counts(3) }),
  node('pay', 0, 'slower'),
  node('put', 1, 'added', { b: counts(2) }),
  node('retry', 4, 'added', { b: counts(1, 1) }),
  node('other root', -1, 'added', { b: counts(1) }),
];

describe('treeOf', () => {
  it('puts what only b has behind its siblings', () => {
    const tree = treeOf(NODES);
    expect(tree.paths.map(({ name }) => name)).toEqual(['root', 'cart', 'get', 'put', 'retry', 'pay', 'other root']);
    expect([...tree.skeleton.parent]).toEqual([-1, 0, 1, 1, 3, 0, -1]);
    expect([...tree.depth]).toEqual([0, 1, 2, 2, 3, 1, 0]);
    expect([...tree.end]).toEqual([6, 5, 3, 5, 5, 6, 7]);
  });
  it('takes no nodes, and a chain too deep for a call stack', () => {
    expect(treeOf([]).paths).toEqual([]);
    const chain = Array.from({ length: 50_000 }, (_, i) => node(`n${i}`, i - 1));
    expect(treeOf(chain).skeleton.rows).toBe(50_000);
  });
  it.each([0, 1, -2])('refuses a node under %d, which is not before it', (parent) => {
    expect(() => treeOf([node('x', parent)])).toThrow(/damaged/);
  });
});

describe('prunedTo', () => {
  it('keeps what is wanted and what is above it', () => {
    const kept = prunedTo(NODES, ({ name }) => name === 'retry' || name === 'pay');
    expect(kept.map(({ name, parent }) => [name, parent])).toEqual([
      ['root', -1],
      ['cart', 0],
      ['pay', 0],
      ['put', 1],
      ['retry', 3],
    ]);
    expect(prunedTo(NODES, () => false)).toEqual([]);
    expect(prunedTo(NODES, () => true)).toEqual(NODES);
  });
});

describe('verdictOf', () => {
  it('tells sides, time, and counts that the server does not judge', () => {
    expect(NODES.map(verdictOf)).toEqual(['same', 'same', 'onlyA', 'slower', 'onlyB', 'onlyB', 'onlyB']);
    expect(verdictOf(node('x', -1, 'same', { a: counts(1), b: counts(2) }))).toBe('counts');
    expect(verdictOf(node('x', -1, 'same', { a: counts(1, 1), b: counts(1) }))).toBe('counts');
    expect(verdictOf(node('x', -1, 'faster', { a: counts(1), b: counts(2) }))).toBe('faster');
    expect(differs(NODES[0]!)).toBe(false);
  });
});

describe('sentences', () => {
  it('count what differs', () => {
    expect(pathsSentence(NODES)).toBe('5 of 7 paths differ: 1 only in A (3 spans), 3 only in B (4 spans), 1 slower in B.');
    expect(pathsSentence(NODES.slice(0, 3))).toBe('1 of 3 paths differs: 1 only in A (3 spans).');
    expect(pathsSentence(NODES.slice(0, 2))).toBe('Nothing differs: both have the same 2 paths, about as long.');
  });
  it('say which took longer', () => {
    expect(durationSentence(100e6, 112e6)).toBe('B took 12.0 ms longer than A (+12.0 %).');
    expect(durationSentence(100e6, 50e6)).toBe('B took 50.0 ms less than A (−50.0 %).');
    expect(durationSentence(0, 5)).toBe('B took 5 ns longer than A.');
    expect(durationSentence(5, 5)).toBe('Both took 5 ns.');
  });
  it('give differences their sign', () => {
    expect([1e6, -1e6, 0].map(signedDuration)).toEqual(['+1.00 ms', '−1.00 ms', '0 ns']);
  });
});

it('colours services by the spans of both', () => {
  const marks = marksOf([{ ...node('x', -1), service: 'few' }, { ...node('y', -1, 'added', { b: counts(9) }), service: 'many' }]);
  expect([...marks.keys()]).toEqual(['many', 'few']);
});

it('reads an answer, and refuses a change that is none', () => {
  const answer = { a: { traces: 1, spans: 4, foldedSpans: 0 }, b: { traces: 1, spans: 4, foldedSpans: 2 }, nodes: null };
  expect(Diff.parse(answer)).toEqual({ a: { foldedSpans: 0 }, b: { foldedSpans: 2 }, nodes: [] });
  expect(Diff.safeParse({ ...answer, nodes: [{ ...NODES[0], change: 'moved' }] }).success).toBe(false);
});
