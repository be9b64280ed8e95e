import { describe, expect, it } from 'vitest';
import { decodeSkeleton } from '../api/skeleton';
import { makePayload, SMALL_TREE } from '../api/skeleton.fixture';
import { Flag } from './flags';
import { selfTimes } from './selfTime';
import { buildShape } from './shape';
import { correctedStarts, extent, hasSkew } from './skew';
import { rowKey, rowOfKey, rowsOfId, spanIdAt } from './spanId';
import { collapseAll, nextWithFlag, positionOf, reveal, visibleRows } from './visibleRows';

const skeleton = decodeSkeleton(makePayload(SMALL_TREE));
const shape = buildShape(skeleton.parent);

describe('buildShape', () => {
  it('finds depth, subtree end and children', () => {
    expect([...shape.depth]).toEqual([0, 1, 2, 2, 1, 0]);
    expect([...shape.end]).toEqual([5, 4, 3, 4, 5, 6]);
    expect([...shape.children]).toEqual([2, 2, 0, 0, 0, 0]);
  });
  it('takes no rows', () => expect(buildShape(new Int32Array(0)).depth).toHaveLength(0));
  it.each([
    ['a parent that comes later', [-1, 2, 0]],
    ['a parent that is closed', [-1, 0, -1, 1]],
    ['its own parent', [-1, 1]],
    ['a parent that does not exist', [-1, -2]],
  ])('refuses %s', (_, parents) => expect(() => buildShape(Int32Array.from(parents))).toThrow(RangeError));
  it('needs no stack for a chain of 200,000', () => {
    const rows = 200_000;
    const chain = buildShape(Int32Array.from({ length: rows }, (_, i) => i - 1));
    expect(chain.end[0]).toBe(rows);
    expect(chain.depth[rows - 1]).toBe(65_535); // as deep as the column counts
  });
});

describe('visibleRows', () => {
  const collapsed = (...rows: number[]) => Uint8Array.from({ length: 6 }, (_, i) => (rows.includes(i) ? 1 : 0));
  it.each([
    [[], [0, 1, 2, 3, 4, 5]],
    [[1], [0, 1, 4, 5]],
    [[0], [0, 5]],
    [[0, 1], [0, 5]],
  ])('with %j collapsed shows %j', (closed, shown) => {
    expect([...visibleRows(shape.end, collapsed(...closed))]).toEqual(shown);
  });
  it('knows where a row is, and when it is hidden', () => {
    const visible = visibleRows(shape.end, collapsed(1));
    expect(positionOf(visible, 4)).toBe(2);
    expect(positionOf(visible, 3)).toBe(-1);
  });
  it('opens what hides a row, and only that', () => {
    expect([...reveal(skeleton.parent, collapsed(0, 1, 4), 3)]).toEqual([0, 0, 0, 0, 1, 0]);
    const open = collapsed(4);
    expect(reveal(skeleton.parent, open, 3)).toBe(open);
  });
  it('collapses all below the first level', () => {
    expect([...collapseAll(shape.children, shape.depth)]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...collapseAll(shape.children, shape.depth, 0)]).toEqual([1, 1, 0, 0, 0, 0]);
  });
});

describe('nextWithFlag', () => {
  it('goes on, goes round, and goes back', () => {
    const flags = Uint16Array.from([0, 1, 0, 1, 0, 0]);
    expect(nextWithFlag(flags, Flag.error, 0)).toBe(1);
    expect(nextWithFlag(flags, Flag.error, 3)).toBe(1);
    expect(nextWithFlag(flags, Flag.error, 1, -1)).toBe(3);
    expect(nextWithFlag(flags, Flag.orphan, 0)).toBe(-1);
  });
});

describe('selfTimes', () => {
  it('takes the union of the children out, cut to the parent', () => {
    // root 0..100 less 10..50 and 60..100; a 10..50 less 10..20 and 15..35.
    expect([...selfTimes(skeleton.parent, skeleton.start, skeleton.duration)]).toEqual([20, 15, 10, 20, 60, 5]);
  });
  it('does not depend on the order of the children', () => {
    const parent = Int32Array.from([-1, 0, 0]);
    const self = selfTimes(parent, Float64Array.from([0, 50, 10]), Float64Array.from([100, 20, 20]));
    expect(self[0]).toBe(60);
  });
  it('is never negative, also for spans that end before they start', () => {
    const self = selfTimes(Int32Array.from([-1, 0]), Float64Array.from([0, 5]), Float64Array.from([-5, 10]));
    expect([...self]).toEqual([0, 10]);
  });
});

describe('skew', () => {
  it('moves the spans of a host by what the header says', () => {
    expect(hasSkew(skeleton)).toBe(true);
    expect([...correctedStarts(skeleton)]).toEqual([0, 10, 5, 15, 60, 90]);
  });
  it('leaves recorded starts alone', () => {
    correctedStarts(skeleton);
    expect([...skeleton.start]).toEqual([0, 10, 10, 15, 60, 90]);
  });
  it('spans the earliest start to the latest end', () => {
    expect(extent(skeleton.start, skeleton.duration)).toEqual({ from: 0, to: 120 });
    expect(extent(new Float64Array(0), new Float64Array(0))).toEqual({ from: 0, to: 1 });
    expect(extent(Float64Array.of(5), Float64Array.of(0))).toEqual({ from: 5, to: 6 });
  });
});

describe('span ids', () => {
  const shared = decodeSkeleton(makePayload([{ parent: -1, id: 0xab01n }, { parent: 0, id: 0xffn }, { parent: 0, id: 0xab01n }]));
  it('reads as hex and finds its row again', () => {
    expect(spanIdAt(shared.id, 1)).toBe('00000000000000ff');
    expect(rowOfKey(shared.id, '00000000000000ff')).toBe(1);
  });
  it('tells rows of a shared id apart', () => {
    expect(rowsOfId(shared.id, '000000000000ab01')).toEqual([0, 2]);
    expect(rowKey(shared.id, 2)).toBe('000000000000ab01~2');
    expect(rowOfKey(shared.id, '000000000000ab01~2')).toBe(2);
    expect(rowOfKey(shared.id, '000000000000ab01~3')).toBe(-1);
    expect(rowOfKey(shared.id, 'nonsense')).toBe(-1);
  });
});
