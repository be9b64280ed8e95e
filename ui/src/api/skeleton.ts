// Decoder of application/vnd.heddle.skeleton. It makes views on the payload and
// copies nothing, so a trace of 100,000 spans costs one buffer.
import { ApiError } from './error';
import { SkeletonHeader } from './schema';

export type IndexColumn = Uint8Array | Uint16Array | Uint32Array;

export interface Skeleton {
  header: SkeletonHeader;
  rows: number;
  /** ns after header.startUnixNano, as recorded. */
  start: Float64Array;
  duration: Float64Array;
  /** 8 bytes a row: the span id as it is written in hex. */
  id: Uint8Array;
  parent: Int32Array;
  operation: IndexColumn;
  service: IndexColumn;
  host: IndexColumn;
  kind: Uint8Array;
  flags: Uint16Array;
}

const MAGIC = 0x314b5348; // "HSK1", little endian

const BYTES = { u8: 1, u16: 2, u32: 4, u64: 8, i32: 4, f64: 8 } as const;
type ColumnType = keyof typeof BYTES;

function corrupt(what: string): ApiError {
  return new ApiError('malformed', `The trace skeleton is damaged: ${what}.`);
}

/** Reads a payload. Throws an ApiError that names what is wrong with it. */
export function decodeSkeleton(buffer: ArrayBuffer): Skeleton {
  if (buffer.byteLength < 8) throw corrupt(`${buffer.byteLength} bytes are less than its prefix`);
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw corrupt('it does not begin with HSK1');
  const headerLength = view.getUint32(4, true);
  if (8 + headerLength > buffer.byteLength) throw corrupt('it ends inside the header');

  const header = readHeader(new Uint8Array(buffer, 8, headerLength));
  const base = Math.ceil((8 + headerLength) / 8) * 8;
  const column = columnReader(buffer, base, header);
  const skeleton: Skeleton = {
    header,
    rows: header.rows,
    start: column('start', 'f64') as Float64Array,
    duration: column('duration', 'f64') as Float64Array,
    id: column('id', 'u64') as Uint8Array,
    parent: column('parent', 'i32') as Int32Array,
    operation: column('operation', 'u8', 'u16', 'u32') as IndexColumn,
    service: column('service', 'u8', 'u16', 'u32') as IndexColumn,
    host: column('host', 'u8', 'u16', 'u32') as IndexColumn,
    kind: column('kind', 'u8') as Uint8Array,
    flags: column('flags', 'u16') as Uint16Array,
  };
  checkIndexes('operation', skeleton.operation, header.operations.length);
  checkIndexes('service', skeleton.service, header.services.length);
  checkIndexes('host', skeleton.host, header.hosts.length);
  return skeleton;
}

function readHeader(bytes: Uint8Array): SkeletonHeader {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw corrupt('its header is not JSON');
  }
  const parsed = SkeletonHeader.safeParse(json);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    throw corrupt(`header field ${first?.path.join('.') ?? ''}: ${first?.message ?? 'unknown'}`);
  }
  return parsed.data;
}

// Columns that this version does not know are never looked at.
function columnReader(buffer: ArrayBuffer, base: number, header: SkeletonHeader) {
  const byName = new Map(header.columns.map((c) => [c.name, c]));
  return (name: string, ...allowed: ColumnType[]) => {
    const column = byName.get(name);
    if (!column) throw corrupt(`column ${name} is missing`);
    const type = allowed.find((t) => t === column.type);
    if (!type) throw corrupt(`column ${name} has type ${column.type}`);
    if (column.offset % 8 !== 0) throw corrupt(`column ${name} is not aligned`);
    const at = base + column.offset;
    if (at + header.rows * BYTES[type] > buffer.byteLength) throw corrupt(`it ends inside column ${name}`);
    return viewOf(type, buffer, at, header.rows);
  };
}

// Typed arrays read in the machine's byte order, and every browser that runs
// today runs little endian, which is the order of the payload.
function viewOf(type: ColumnType, buffer: ArrayBuffer, at: number, rows: number) {
  switch (type) {
    case 'u8':
      return new Uint8Array(buffer, at, rows);
    case 'u16':
      return new Uint16Array(buffer, at, rows);
    case 'u32':
      return new Uint32Array(buffer, at, rows);
    case 'i32':
      return new Int32Array(buffer, at, rows);
    case 'f64':
      return new Float64Array(buffer, at, rows);
    case 'u64':
      return new Uint8Array(buffer, at, rows * 8);
  }
}

function checkIndexes(name: string, column: IndexColumn, length: number): void {
  for (let row = 0; row < column.length; row++) {
    if (column[row]! >= length) throw corrupt(`row ${row} points outside the list of ${name}s`);
  }
}
