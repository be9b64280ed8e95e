// Texts, names and durations as TraceQL writes them.
import { parseGoDuration } from '../format/duration';

/** A string literal. */
export function quote(text: string): string {
  // Half a surrogate pair is no character, and no escape that Go knows.
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}

/** The text of a string literal; null when it has escapes that only Go knows. */
export function unquote(literal: string): string | null {
  if (literal.startsWith('`')) return literal.slice(1, -1);
  try {
    const text: unknown = JSON.parse(literal);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** The name of an attribute, in quotes where it needs them. */
export function quoteName(name: string): string {
  if (/^[\p{L}_.-][\p{L}\d_.-]*$/u.test(name)) return name;
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Spellings of one field: what the server writes in canonical queries is the value. */
const ALIASES: Readonly<Record<string, string>> = {
  'span:name': 'name',
  'span:duration': 'duration',
  'span:status': 'status',
  'span:statusMessage': 'statusMessage',
  'span:kind': 'kind',
};

/** One spelling for a field as it stands in a query. */
export function canonicalField(text: string): string {
  const alias = ALIASES[text];
  if (alias) return alias;
  const at = text.indexOf('.');
  if (at < 0 || text.startsWith('parent.')) return text;
  const name = text.slice(at + 1).replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1'));
  return `${text.slice(0, at)}.${quoteName(name)}`;
}

const EXACT_UNITS = [
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['us', 1000],
] as const;

/** A duration to the nanosecond: 1572864 -> "1.572864ms". */
export function durationLiteral(ns: number): string {
  for (const [unit, scale] of EXACT_UNITS) {
    if (ns < scale) continue;
    const fraction = ns % scale;
    const digits = String(scale).length - 1;
    return `${Math.floor(ns / scale)}${fraction === 0 ? '' : `.${String(fraction).padStart(digits, '0').replace(/0+$/, '')}`}${unit}`;
  }
  return `${ns}ns`;
}

/** What a person wrote as a duration, as TraceQL takes it; null when it is none. */
export function typedDuration(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === '0') return '0ns';
  return parseGoDuration(trimmed) === null ? null : trimmed;
}
