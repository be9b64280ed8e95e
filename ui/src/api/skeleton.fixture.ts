// Makes skeleton payloads for tests, byte by byte as the contract says.

export interface FixtureRow {
  parent: number;
  start?: number;
  duration?: number;
  id?: bigint;
  operation?: number;
  service?: number;
  host?: number;
  kind?: number;
  flags?: number;
}

type Write = (view: DataView, at: number, row: FixtureRow, index: number) => void;

const COLUMNS: ReadonlyArray<readonly [name: string, type: string, bytes: number, write: Write]> = [
  ['start', 'f64', 8, (v, at, r) => v.setFloat64(at, r.start ?? 0, true)],
  ['duration', 'f64', 8, (v, at, r) => v.setFloat64(at, r.duration ?? 10, true)],
  ['later', 'u8', 1, (v, at) => v.setUint8(at, 255)],
  ['id', 'u64', 8, (v, at, r, i) => v.setBigUint64(at, r.id ?? BigInt(i + 1))],
  ['parent', 'i32', 4, (v, at, r) => v.setInt32(at, r.parent, true)],
  ['operation', 'u16', 2, (v, at, r) => v.setUint16(at, r.operation ?? 0, true)],
  ['service', 'u8', 1, (v, at, r) => v.setUint8(at, r.service ?? 0)],
  ['host', 'u8', 1, (v, at, r) => v.setUint8(at, r.host ?? 0)],
  ['kind', 'u8', 1, (v, at, r) => v.setUint8(at, r.kind ?? 1)],
  ['flags', 'u16', 2, (v, at, r) => v.setUint16(at, r.flags ?? 0, true)],
];

const align = (n: number) => Math.ceil(n / 8) * 8;

export function makePayload(rows: readonly FixtureRow[], header: Record<string, unknown> = {}): ArrayBuffer {
  let size = 0;
  const columns = COLUMNS.map(([name, type, bytes]) => {
    const offset = size;
    size = align(size + bytes * rows.length);
    return { name, type, offset };
  });
  const json = new TextEncoder().encode(
    JSON.stringify({
      traceId: '0'.repeat(31) + '1',
      startUnixNano: '1763806285123456789',
      durationNs: 100,
      rows: rows.length,
      services: ['checkout', 'cart', 'payment'].map((name) => ({ name, spans: rows.length, errors: 0 })),
      operations: ['GET /', 'POST /pay', 'Charge'],
      hosts: [{ name: 'a' }, { name: 'b', skewNs: -5 }],
      columns,
      errors: 0,
      orphans: 0,
      conflicts: 0,
      duplicates: 0,
      roots: 1,
      ...header,
    }),
  );
  const base = align(8 + json.length);
  const view = new DataView(new ArrayBuffer(base + size));
  view.setUint32(0, 0x314b5348, true);
  view.setUint32(4, json.length, true);
  new Uint8Array(view.buffer).set(json, 8);
  COLUMNS.forEach(([, , bytes, write], c) => {
    rows.forEach((row, i) => write(view, base + columns[c]!.offset + i * bytes, row, i));
  });
  return view.buffer as ArrayBuffer;
}

/** root(0) -> a(1) -> b(2), c(3); root -> d(4); then a second top-level row e(5). */
export const SMALL_TREE: FixtureRow[] = [
  { parent: -1, start: 0, duration: 100, flags: 4, kind: 2 },
  { parent: 0, start: 10, duration: 40, service: 1, operation: 1, kind: 3 },
  { parent: 1, start: 10, duration: 10, service: 2, operation: 2, host: 1, flags: 1 },
  { parent: 1, start: 15, duration: 20, service: 2, operation: 2 },
  { parent: 0, start: 60, duration: 60, service: 1, operation: 1 },
  { parent: -1, start: 90, duration: 5, flags: 2 },
];
