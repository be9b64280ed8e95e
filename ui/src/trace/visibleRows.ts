// Which rows are on the list, given what is collapsed.

/** Rows to show in display order: the subtrees of collapsed rows are left out. */
export function visibleRows(end: Uint32Array, collapsed: Uint8Array): Uint32Array {
  const rows = end.length;
  const out = new Uint32Array(rows);
  let n = 0;
  for (let row = 0; row < rows; ) {
    out[n++] = row;
    row = collapsed[row] ? end[row]! : row + 1;
  }
  return out.subarray(0, n);
}

/** Where `row` is on the list, or -1 when something above it is collapsed. */
export function positionOf(visible: Uint32Array, row: number): number {
  let low = 0;
  let high = visible.length - 1;
  while (low <= high) {
    const mid = (low + high) >> 1;
    const at = visible[mid]!;
    if (at === row) return mid;
    if (at < row) low = mid + 1;
    else high = mid - 1;
  }
  return -1;
}

/** Opens everything above `row`. The answer is the same array when nothing was closed. */
export function reveal(parent: Int32Array, collapsed: Uint8Array, row: number): Uint8Array {
  let opened: Uint8Array | null = null;
  for (let up = parent[row] ?? -1; up >= 0; up = parent[up]!) {
    if (!collapsed[up]) continue;
    opened ??= collapsed.slice();
    opened[up] = 0;
  }
  return opened ?? collapsed;
}

/** Everything that has children, collapsed; `keepDepth` levels stay open. */
export function collapseAll(children: Uint32Array, depth: Uint16Array, keepDepth = 1): Uint8Array {
  return Uint8Array.from(children, (count, row) => (count > 0 && depth[row]! >= keepDepth ? 1 : 0));
}

/** The next row after `from` (or before, with step -1) that has a flag bit, round the end. */
export function nextWithFlag(flags: Uint16Array, bit: number, from: number, step: 1 | -1 = 1): number {
  const rows = flags.length;
  for (let i = 1; i <= rows; i++) {
    const row = (((from + i * step) % rows) + rows) % rows;
    if (flags[row]! & bit) return row;
  }
  return -1;
}
