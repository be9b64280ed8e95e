import { describe, expect, it } from 'vitest';
import { boxOf, cellAt, cellsBetween, coarsened, durationTicks, edges, type Heatmap, layoutHeatmap, slowest, strength, stretchOf, timeTicks, untilNow, yOf } from './heatmap';

const map: Heatmap = {
  startUnixNano: '1000000000000000000',
  stepNs: 1000,
  columns: 4,
  lowerBoundsNs: [0, 16, 32, 64, 128],
  // One column after the other, the shortest row first.
  spans: [1, 0, 0, 0, 0, /**/ 0, 2, 3, 0, 0, /**/ 0, 0, 0, 4, 1, /**/ 0, 0, 0, 0, 0],
  errors: [0, 0, 0, 0, 0, /**/ 0, 0, 1, 0, 0, /**/ 0, 0, 0, 0, 1, /**/ 0, 0, 0, 0, 0],
};
const layout = layoutHeatmap(map, { left: 50, right: 153, top: 10, bottom: 61 });

describe('heatmap', () => {
  it('covers the box with whole pixels, without gap or overlap', () => {
    for (const n of [1, 7, 103, 400]) {
      const xs = edges(50, 153, n);
      expect([xs[0], xs.at(-1), xs.length]).toEqual([50, 153, n + 1]);
      expect(xs.every((x, i) => Number.isInteger(x) && (i === 0 || x >= xs[i - 1]!))).toBe(true);
    }
  });
  it('finds the cell under a pixel again', () => {
    for (let column = 0; column < map.columns; column++) {
      for (let row = 0; row < map.lowerBoundsNs.length; row++) {
        const x = (layout.xs[column]! + layout.xs[column + 1]!) / 2;
        const y = (layout.ys[row]! + layout.ys[row + 1]!) / 2;
        expect(cellAt(layout, map, x, y)).toEqual({ column, row });
      }
    }
    expect(cellAt(layout, map, -99, 9999)).toEqual({ column: 0, row: 0 });
    expect(cellAt(layout, map, 9999, -99)).toEqual({ column: 3, row: 4 });
  });
  it('turns a drag into a stretch of whole cells, whatever its direction', () => {
    const cells = cellsBetween(layout, map, layout.xs[3]! - 2, layout.ys[1]! - 2, layout.xs[1]! + 2, layout.ys[3]! + 2);
    expect(cells).toEqual({ firstColumn: 1, lastColumn: 2, firstRow: 1, lastRow: 2 });
    expect(stretchOf(map, cells)).toEqual({ from: 1000000000000001000n, to: 1000000000000003000n, min: 16, below: 64 });
  });
  it('leaves open what the picture does not bound', () => {
    const all = { firstColumn: 0, lastColumn: 3, firstRow: 0, lastRow: 4 };
    expect(stretchOf(map, all)).toEqual({ from: 1000000000000000000n, to: 1000000000000004000n });
    expect(stretchOf(map, { ...all, firstRow: 4 })).toMatchObject({ min: 128 });
    expect(stretchOf(map, { ...all, firstRow: 4 }).below).toBeUndefined();
  });
  it('draws a stretch where it was dragged', () => {
    const stretch = stretchOf(map, { firstColumn: 1, lastColumn: 2, firstRow: 1, lastRow: 2 });
    const box = boxOf(map, layout, stretch)!;
    expect(Math.round(box.left)).toBe(layout.xs[1]);
    expect(Math.round(box.right)).toBe(layout.xs[3]);
    expect(Math.round(box.bottom)).toBe(layout.ys[1]);
    expect(Math.round(box.top)).toBe(layout.ys[3]);
    expect(boxOf(map, layout, { from: 0n, to: 5n })).toBeNull();
  });
  it('places durations by their logarithm', () => {
    expect(yOf(map, layout, 64)).toBeCloseTo(61 - (51 / 5) * 3);
    expect(yOf(map, layout, 64 * Math.SQRT2)).toBeCloseTo(61 - (51 / 5) * 3.5);
    expect(yOf(map, layout, 1e12)).toBe(10);
    expect(durationTicks(map, layout, 5).map(({ ns }) => ns)).toEqual([1, 10, 100]);
  });
  it('has round times on its axis, far enough from each other', () => {
    const start = new Date(2026, 10, 22, 10, 3, 20).getTime();
    const quarter: Heatmap = { ...map, startUnixNano: `${start}000000`, stepNs: 15 * 60e9, columns: 1 };
    const ticks = timeTicks(quarter, { box: { left: 0, right: 900, top: 0, bottom: 1 }, xs: [], ys: [] }, 90);
    expect(ticks.map(({ label }) => label)).toEqual(['10:04', '10:06', '10:08', '10:10', '10:12', '10:14', '10:16', '10:18']);
    expect(ticks[0]!.x).toBeCloseTo(40);
    const short = timeTicks({ ...quarter, stepNs: 4e9 }, { box: { left: 0, right: 400, top: 0, bottom: 1 }, xs: [], ys: [] }, 90);
    expect(short.map(({ label }) => label)).toEqual(['10:03:20', '10:03:21', '10:03:22', '10:03:23', '10:03:24']);
  });
  it('cuts empty columns of the future only', () => {
    const at = (step: number) => 1000000000000000000n + BigInt(step * 1000);
    expect(untilNow(map, at(2)).columns).toBe(3);
    expect(untilNow(map, at(0)).columns).toBe(3);
    expect(untilNow(map, at(9))).toBe(map);
  });
  it('grows stronger with the logarithm of the count', () => {
    expect([strength(0, 9), strength(1, 1), strength(1, 100), strength(100, 100)]).toEqual([0, 1, 0.15, 1]);
    expect(strength(10, 100)).toBeCloseTo(0.575);
  });
  it('adds up in its table', () => {
    const small = coarsened(map, 2, 2);
    expect(small).toMatchObject({ columns: 2, stepNs: 2000, lowerBoundsNs: [0, 64] });
    expect(small.spans).toEqual([6, 0, 0, 5]);
    expect(small.errors).toEqual([1, 0, 0, 1]);
    const all = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);
    for (const [columns, rows] of [[1, 1], [3, 4], [9, 9]]) expect(all(coarsened(map, columns!, rows!).spans)).toBe(all(map.spans));
  });
  it('knows the slowest share by whole rows', () => {
    expect(slowest(map, 0.05)).toEqual({ min: 128, spans: 1 });
    expect(slowest(map, 0.3)).toEqual({ min: 64, spans: 5 });
    expect(slowest({ ...map, columns: 1, spans: [5, 0, 0, 0, 0] }, 0.1)).toBeNull();
  });
});
