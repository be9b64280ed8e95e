// Span ids stay bytes; hex is made for the rows on screen only.

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function spanIdAt(ids: Uint8Array, row: number): string {
  let text = '';
  for (let i = row * 8; i < row * 8 + 8; i++) text += HEX[ids[i]!];
  return text;
}

/** The address of a row: its span id, and "~2" for the second row that has it. */
export function rowKey(ids: Uint8Array, row: number): string {
  const id = spanIdAt(ids, row);
  const rows = rowsOfId(ids, id);
  const nth = rows.indexOf(row);
  return nth > 0 ? `${id}~${nth + 1}` : id;
}

/** The row that a key from the URL names, or -1. */
export function rowOfKey(ids: Uint8Array, key: string): number {
  const [id = '', nth = '1'] = key.split('~');
  return rowsOfId(ids, id)[Number(nth) - 1] ?? -1;
}

/** Every row that has this id, in display order; shared ids have several. */
export function rowsOfId(ids: Uint8Array, id: string): number[] {
  if (!/^[0-9a-f]{16}$/.test(id)) return [];
  const want = new Uint8Array(8);
  for (let i = 0; i < 8; i++) want[i] = Number.parseInt(id.slice(i * 2, i * 2 + 2), 16);
  // Compare four bytes at a time: one pass over 100,000 rows stays far below a frame.
  const words = new Uint32Array(ids.buffer, ids.byteOffset, ids.byteLength / 4);
  const [low, high] = new Uint32Array(want.buffer) as unknown as [number, number];
  const rows: number[] = [];
  for (let row = 0; row * 2 < words.length; row++) {
    if (words[row * 2] === low && words[row * 2 + 1] === high) rows.push(row);
  }
  return rows;
}
