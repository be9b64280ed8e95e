// What the parent column says about the tree, as arrays over rows. Rows come
// depth-first, so the subtree of row r is the run r .. end[r]-1.

export interface Shape {
  /** 0 for a row at the top level. */
  depth: Uint16Array;
  /** First row after the subtree. */
  end: Uint32Array;
  /** Direct children. */
  children: Uint32Array;
}

/** What walking and folding rows needs of them. */
export interface Tree extends Shape {
  skeleton: { rows: number; parent: Int32Array };
}

/**
 * Builds the shape in one pass, without recursion: depth is data, and the call
 * stack must not be. Throws when rows are not depth-first.
 */
export function buildShape(parent: Int32Array): Shape {
  const rows = parent.length;
  const depth = new Uint16Array(rows);
  const end = new Uint32Array(rows);
  const children = new Uint32Array(rows);
  const open = new Int32Array(rows + 1); // ancestors of the row at hand
  let top = 0;

  for (let row = 0; row < rows; row++) {
    const up = parent[row]!;
    while (top > 0 && open[top - 1] !== up) end[open[--top]!] = row;
    if (top === 0 && up !== -1) {
      throw new RangeError(`row ${row} names parent ${up}, which is not one of the rows it lies under`);
    }
    depth[row] = Math.min(top, 65_535);
    if (up >= 0) children[up]!++;
    open[top++] = row;
  }
  while (top > 0) end[open[--top]!] = rows;
  return { depth, end, children };
}
