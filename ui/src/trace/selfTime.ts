// Self time: the part of a span during which no child of it runs.

export function selfTimes(parent: Int32Array, start: Float64Array, duration: Float64Array): Float64Array {
  const rows = parent.length;
  const self = new Float64Array(rows);
  // Children in rows order come sorted by recorded start. A skew correction can
  // break that order, so fall back to sorting where it did.
  const covered = new Float64Array(rows);
  const frontier = new Float64Array(rows).fill(-Infinity);
  const unsorted = new Uint8Array(rows);
  const lastStart = new Float64Array(rows).fill(-Infinity);

  for (let row = 0; row < rows; row++) {
    const up = parent[row]!;
    if (up < 0) continue;
    if (start[row]! < lastStart[up]!) unsorted[up] = 1;
    lastStart[up] = start[row]!;
    cover(up, row);
  }
  if (unsorted.includes(1)) recoverSorted();
  for (let row = 0; row < rows; row++) self[row] = Math.max(0, Math.max(0, duration[row]!) - covered[row]!);
  return self;

  function cover(up: number, row: number): void {
    const from = Math.max(start[row]!, start[up]!, frontier[up]!);
    const to = Math.min(start[row]! + Math.max(0, duration[row]!), start[up]! + duration[up]!);
    if (to > from) {
      covered[up]! += to - from;
      frontier[up] = to;
    }
  }

  function recoverSorted(): void {
    const childrenOf = new Map<number, number[]>();
    for (let row = 0; row < rows; row++) {
      const up = parent[row]!;
      if (up < 0 || !unsorted[up]) continue;
      const list = childrenOf.get(up);
      if (list) list.push(row);
      else childrenOf.set(up, [row]);
    }
    for (const [up, list] of childrenOf) {
      covered[up] = 0;
      frontier[up] = -Infinity;
      for (const row of list.sort((a, b) => start[a]! - start[b]!)) cover(up, row);
    }
  }
}
