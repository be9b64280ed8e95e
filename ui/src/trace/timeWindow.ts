// The stretch of the trace that the timeline shows, and how it moves. Numbers
// are ns after the start of the trace. Pure: the view that holds one is elsewhere.

export interface Range {
  from: number;
  to: number;
}

/** A window never gets narrower than this many ns. */
const NARROWEST = 10;

/** `range` pushed and cut to lie inside `whole`. */
export function clampRange(range: Range, whole: Range): Range {
  const size = Math.min(Math.max(range.to - range.from, Math.min(NARROWEST, whole.to - whole.from)), whole.to - whole.from);
  const from = Math.min(Math.max(range.from, whole.from), whole.to - size);
  return { from, to: from + size };
}

/** Narrows (factor < 1) or widens around the point `anchor`, which stays where it is. */
export function zoomRange(range: Range, whole: Range, factor: number, anchor = (range.from + range.to) / 2): Range {
  const size = Math.max((range.to - range.from) * factor, NARROWEST);
  const share = (anchor - range.from) / (range.to - range.from);
  const from = anchor - share * size;
  return clampRange({ from, to: from + size }, whole);
}

/** Moves by a share of what is shown: 0.1 is a tenth to the right. */
export function panRange(range: Range, whole: Range, share: number): Range {
  const by = (range.to - range.from) * share;
  return clampRange({ from: range.from + by, to: range.to + by }, whole);
}

export function sameRange(a: Range, b: Range): boolean {
  return a.from === b.from && a.to === b.to;
}

/** Round ticks inside a range, about `wanted` of them, at steps of 1, 2 or 5. */
export function ticks(range: Range, wanted: number): number[] {
  const rough = (range.to - range.from) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const out: number[] = [];
  for (let i = Math.ceil(range.from / step); i * step <= range.to; i++) out.push(i * step);
  return out;
}
