// How search params are written: plain `key=value`, a repeated key for a list.
// (The router's own way is JSON in the URL, which nobody can read or type.)

export type RawSearch = Record<string, string | string[]>;

/** Keys that are lists even when they occur once. */
const LISTS = new Set(['tag', 'facet']);

export function parseQuery(text: string): RawSearch {
  const raw: RawSearch = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = raw[key];
    if (LISTS.has(key)) raw[key] = [...((before as string[] | undefined) ?? []), value];
    else if (before === undefined) raw[key] = value;
  }
  return raw;
}

export function stringifyQuery(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '') continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  }
  // The characters that tags are full of stay readable.
  const text = params.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%7E', '~');
  return text === '' ? '' : `?${text}`;
}
