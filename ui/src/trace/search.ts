import type { Skeleton } from '../api/skeleton';
import { spanIdAt } from './spanId';

/**
 * Rows whose service, operation or span id contains the text, case aside.
 * Names are compared once per distinct name, not once per span.
 */
export function searchRows(skeleton: Skeleton, query: string): Uint32Array {
  const needle = query.trim().toLowerCase();
  if (needle === '') return new Uint32Array(0);
  const services = skeleton.header.services.map((s) => s.name.toLowerCase().includes(needle));
  const operations = skeleton.header.operations.map((name) => name.toLowerCase().includes(needle));
  // Shorter runs of hex match by chance; a reader who means an id pastes more.
  const asId = /^[0-9a-f]{4,16}$/.test(needle) ? needle : null;

  const found = new Uint32Array(skeleton.rows);
  let n = 0;
  for (let row = 0; row < skeleton.rows; row++) {
    const hit =
      services[skeleton.service[row]!] ||
      operations[skeleton.operation[row]!] ||
      (asId !== null && spanIdAt(skeleton.id, row).includes(asId));
    if (hit) found[n++] = row;
  }
  return found.slice(0, n);
}
