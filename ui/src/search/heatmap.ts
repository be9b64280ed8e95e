// The heatmap's geometry: cells to pixels and back, stretches of time and
// duration to cells and back, and the same numbers as a small table. Times are
// ns after the start of the heatmap; durations are ns.

import { formatClock, formatClockMs, formatDateTime } from '../format/time';

/** As /overview answers; cell (column, row) is at column * rows + row. */
export interface Heatmap {
  startUnixNano: string;
  stepNs: number;
  columns: number;
  lowerBoundsNs: readonly number[];
  spans: readonly number[];
  errors: readonly number[];
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Whole cells, both ends inclusive. */
export interface Cells {
  firstColumn: number;
  lastColumn: number;
  firstRow: number;
  lastRow: number;
}

/** A stretch of time, and of durations where both are not all: min <= duration < below. */
export interface Stretch {
  from: bigint;
  to: bigint;
  min?: number;
  below?: number;
}

/**
 * The heatmap without its last columns that are empty and begin after `now`: a
 * window reaches a little into the future because clocks differ.
 */
export function untilNow(map: Heatmap, nowNs: bigint): Heatmap {
  const rows = map.lowerBoundsNs.length;
  let { columns } = map;
  const beginsLater = (column: number) => BigInt(map.startUnixNano) + BigInt(Math.round(column * map.stepNs)) > nowNs;
  const isEmpty = (column: number) => map.spans.slice(column * rows, (column + 1) * rows).every((n) => n === 0);
  while (columns > 1 && beginsLater(columns - 1) && isEmpty(columns - 1)) columns--;
  if (columns === map.columns) return map;
  return { ...map, columns, spans: map.spans.slice(0, columns * rows), errors: map.errors.slice(0, columns * rows) };
}

/** The pixel at which each of n equal parts begins, and the end: no gaps, no overlaps. */
export function edges(from: number, to: number, n: number): number[] {
  return Array.from({ length: n + 1 }, (_, i) => Math.round(from + ((to - from) * i) / n));
}

export interface Layout {
  box: Box;
  /** Left edges of the columns and the right edge of the last. */
  xs: number[];
  /** Bottom edges of the rows and the top edge of the last; row 0 is at the bottom. */
  ys: number[];
}

export function layoutHeatmap(map: Heatmap, box: Box): Layout {
  return { box, xs: edges(box.left, box.right, map.columns), ys: edges(box.bottom, box.top, map.lowerBoundsNs.length) };
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** The cell under a pixel; places outside of the box count for the nearest. */
export function cellAt({ box }: Layout, map: Heatmap, x: number, y: number): { column: number; row: number } {
  const rows = map.lowerBoundsNs.length;
  return {
    column: clamp(Math.floor(((x - box.left) / (box.right - box.left)) * map.columns), 0, map.columns - 1),
    row: clamp(Math.floor(((box.bottom - y) / (box.bottom - box.top)) * rows), 0, Math.max(0, rows - 1)),
  };
}

/** The cells that a drag from one pixel to another covers. */
export function cellsBetween(layout: Layout, map: Heatmap, x0: number, y0: number, x1: number, y1: number): Cells {
  const a = cellAt(layout, map, Math.min(x0, x1), Math.max(y0, y1));
  const b = cellAt(layout, map, Math.max(x0, x1), Math.min(y0, y1));
  return { firstColumn: a.column, lastColumn: b.column, firstRow: a.row, lastRow: b.row };
}

const atColumn = (map: Heatmap, column: number) => BigInt(map.startUnixNano) + BigInt(Math.round(map.stepNs * column));

/** What the cells stand for. All rows are all durations; beyond the last row nothing ends. */
export function stretchOf(map: Heatmap, cells: Cells): Stretch {
  const rows = map.lowerBoundsNs.length;
  const stretch: Stretch = { from: atColumn(map, cells.firstColumn), to: atColumn(map, cells.lastColumn + 1) };
  // Below the first row there is nothing: everything short is in it.
  if (cells.firstRow > 0) stretch.min = map.lowerBoundsNs[cells.firstRow]!;
  if (cells.lastRow < rows - 1) stretch.below = map.lowerBoundsNs[cells.lastRow + 1]!;
  return stretch;
}

/** Where a stretch lies in the picture, cut to it; null when it is outside. */
export function boxOf(map: Heatmap, layout: Layout, { from, to, min, below }: Stretch): Box | null {
  const { box } = layout;
  const start = BigInt(map.startUnixNano);
  const length = map.stepNs * map.columns;
  const x = (at: bigint) => box.left + clamp(Number(at - start) / length, 0, 1) * (box.right - box.left);
  const left = x(from);
  const right = x(to);
  const bottom = min === undefined ? box.bottom : yOf(map, layout, min);
  const top = below === undefined ? box.top : yOf(map, layout, below);
  return right <= left || bottom <= top ? null : { left, right, top, bottom };
}

/** The height of a duration: inside of a row it rises with its logarithm, as the rows do. */
export function yOf(map: Heatmap, { box }: Layout, ns: number): number {
  const bounds = map.lowerBoundsNs;
  const rowHeight = (box.bottom - box.top) / Math.max(1, bounds.length);
  return clamp(box.bottom - rowPosition(bounds, ns) * rowHeight, box.top, box.bottom);
}

function rowPosition(bounds: readonly number[], ns: number): number {
  let row = bounds.findLastIndex((bound) => bound <= ns);
  if (row < 0) return 0;
  const low = Math.max(1, bounds[row]!);
  // The last row is as high as the one before it.
  const next = bounds[row + 1] ?? low * (row > 0 ? low / Math.max(1, bounds[row - 1]!) : 2);
  const share = next > low ? Math.log(Math.max(1, ns) / low) / Math.log(next / low) : 0;
  return row + clamp(share, 0, 1);
}

/** Round durations for the axis, at least `apart` pixels from each other. */
export function durationTicks(map: Heatmap, layout: Layout, apart: number): Array<{ ns: number; y: number }> {
  const bounds = map.lowerBoundsNs;
  if (bounds.length === 0) return [];
  const first = Math.max(1, bounds[0]!);
  const last = bounds.at(-1)! * 2;
  const ticks: Array<{ ns: number; y: number }> = [];
  for (let decade = Math.ceil(Math.log10(first)); 10 ** decade <= last; decade++) {
    const y = yOf(map, layout, 10 ** decade);
    if (ticks.length === 0 || ticks.at(-1)!.y - y >= apart) ticks.push({ ns: 10 ** decade, y });
  }
  return ticks;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];

/** Round times in the reader's zone for the axis, at least `apart` pixels from each other. */
export function timeTicks(map: Heatmap, { box }: Layout, apart: number): Array<{ x: number; label: string }> {
  const startMs = Number(BigInt(map.startUnixNano) / 1000n) / 1000;
  const lengthMs = (map.stepNs * map.columns) / 1e6;
  const width = box.right - box.left;
  const step = TIME_STEPS.find((ms) => (ms / lengthMs) * width >= apart) ?? TIME_STEPS.at(-1)!;
  const zone = new Date(startMs).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let local = Math.ceil((startMs - zone) / step) * step; local + zone <= startMs + lengthMs; local += step) {
    ticks.push({ x: box.left + ((local + zone - startMs) / lengthMs) * width, label: timeLabel(new Date(local + zone), step) });
  }
  return ticks;
}

function timeLabel(date: Date, step: number): string {
  if (step >= DAY) return formatDateTime(date).slice(5, 10);
  if (step >= MINUTE) return formatClock(date).slice(0, 5);
  return step >= SECOND ? formatClock(date) : formatClockMs(date);
}

/** How strong a cell's colour is, from 0 (nothing) over 0.15 (one) to 1 (the fullest cell). */
export function strength(count: number, most: number): number {
  if (count <= 0) return 0;
  if (most <= 1) return 1;
  return 0.15 + 0.85 * (Math.log(count) / Math.log(most));
}

/** Several columns and rows as one, so that a table stays readable. Counts add up as before. */
export function coarsened(map: Heatmap, mostColumns: number, mostRows: number): Heatmap {
  const rows = map.lowerBoundsNs.length;
  if (rows === 0) return map;
  const byColumn = Math.ceil(map.columns / mostColumns);
  const byRow = Math.ceil(rows / mostRows);
  const columns = Math.ceil(map.columns / byColumn);
  const bounds = map.lowerBoundsNs.filter((_, row) => row % byRow === 0);
  const sum = (counts: readonly number[]) => {
    const out = Array.from({ length: columns * bounds.length }, () => 0);
    for (let column = 0; column < map.columns; column++) {
      for (let row = 0; row < rows; row++) {
        out[Math.floor(column / byColumn) * bounds.length + Math.floor(row / byRow)]! += counts[column * rows + row]!;
      }
    }
    return out;
  };
  return { startUnixNano: map.startUnixNano, stepNs: map.stepNs * byColumn, columns, lowerBoundsNs: bounds, spans: sum(map.spans), errors: sum(map.errors) };
}

/**
 * The bound of a row from which about the slowest `share` of all spans last as
 * long or longer, and how many those are; null when all are alike.
 */
export function slowest(map: Heatmap, share: number): { min: number; spans: number } | null {
  const rows = map.lowerBoundsNs.length;
  const counts = map.lowerBoundsNs.map((_, row) => {
    let n = 0;
    for (let column = 0; column < map.columns; column++) n += map.spans[column * rows + row]!;
    return n;
  });
  const all = counts.reduce((sum, n) => sum + n, 0);
  let spans = 0;
  for (let row = rows - 1; row > 0; row--) {
    spans += counts[row]!;
    if (spans >= all * share) return spans < all ? { min: map.lowerBoundsNs[row]!, spans } : null;
  }
  return null;
}
