// The conditions of a query. Most queries are one filter, { a && b && c }: those
// can be shown and edited condition by condition. Whatever else the language
// has stays text.
import { canonicalField, quote, unquote } from './literal';
import { type Token, tokenize } from './token';

export type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<=' | '=~' | '!~';

/** A condition that is understood: a field compared with literals. */
export interface Test {
  /** In its canonical spelling. */
  field: string;
  op: Comparison;
  /** Literals as TraceQL writes them, strings in double quotes. Several with "=": any of them. */
  values: readonly string[];
  /** !(…): also true of spans without the field. */
  negated?: boolean;
}

export interface Condition {
  /** As it stands in the query. */
  text: string;
  test?: Test;
}

export type Filter = readonly Condition[];

/** The conditions of a query that is one filter; null of any other. Nothing selects everything. */
export function readFilter(query: string): Filter | null {
  const all = tokenize(query);
  // A comment may begin where a condition is put.
  if (all.some(({ kind }) => kind === 'comment' || kind === 'bad')) return null;
  const tokens = all.filter(({ kind }) => kind !== 'space');
  if (tokens.length === 0) return [];
  const text = (token: Token | undefined) => (token ? query.slice(token.from, token.to) : '');
  if (text(tokens[0]) !== '{' || text(tokens.at(-1)) !== '}' || tokens.length < 2) return null;

  const inner = tokens.slice(1, -1);
  if (inner.length === 0) return [];
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of inner) {
    const op = token.kind === 'operator' ? text(token) : '';
    if (op === '{' || op === '}') return null;
    if (op === '(') depth++;
    if (op === ')' && --depth < 0) return null;
    if (op === '||' && depth === 0) return [inParentheses(query, inner)];
    if (op === '&&' && depth === 0) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  if (depth !== 0 || parts.some((part) => part.length === 0)) return null;
  return parts.map((part) => condition(query, part));
}

function inParentheses(query: string, tokens: readonly Token[]): Condition {
  return condition(`(${query.slice(tokens[0]!.from, tokens.at(-1)!.to)})`);
}

/** A condition from its text. */
export function condition(query: string, tokens = tokenize(query).filter(({ kind }) => kind !== 'space')): Condition {
  const text = query.slice(tokens[0]!.from, tokens.at(-1)!.to);
  const words = tokens.map((token) => ({ kind: token.kind, text: query.slice(token.from, token.to) }));
  const test = readTest(words);
  return test ? { text, test } : { text };
}

interface Word {
  kind: Token['kind'];
  text: string;
}

const COMPARISONS: readonly string[] = ['=', '!=', '>', '>=', '<', '<=', '=~', '!~'] satisfies Comparison[];

function readTest(words: readonly Word[]): Test | undefined {
  const at = (i: number) => words.at(i)?.text;
  if (at(0) === '!' && at(1) === '(' && at(-1) === ')') {
    const test = readComparison(words.slice(2, -1));
    return test && { ...test, negated: true };
  }
  if (at(0) === '(' && at(-1) === ')') return readAnyOf(words.slice(1, -1));
  return readComparison(words);
}

/** field = a || field = b */
function readAnyOf(words: readonly Word[]): Test | undefined {
  const parts: Word[][] = [[]];
  for (const word of words) {
    if (word.text === '||' && word.kind === 'operator') parts.push([]);
    else parts.at(-1)!.push(word);
  }
  const tests = parts.map(readComparison);
  const [first] = tests;
  if (!first || !tests.every((test) => test?.field === first.field && test.op === '=')) return parts.length === 1 ? first : undefined;
  return { ...first, values: tests.flatMap((test) => test!.values) };
}

function readComparison(words: readonly Word[]): Test | undefined {
  const [field, op, ...rest] = words;
  if (!field || !op || (field.kind !== 'field' && field.kind !== 'word') || !COMPARISONS.includes(op.text)) return undefined;
  const value = readLiteral(rest);
  return value === null ? undefined : { field: canonicalField(field.text), op: op.text as Comparison, values: [value] };
}

function readLiteral(words: readonly Word[]): string | null {
  const [first, second] = words;
  if (words.length === 2 && first!.text === '-' && second!.kind === 'number') return `-${second!.text}`;
  if (words.length !== 1 || !first) return null;
  if (first.kind === 'number' || first.kind === 'word') return first.text;
  if (first.kind !== 'string') return null;
  const text = unquote(first.text);
  return text === null ? null : quote(text);
}

/** A condition from what it tests. */
export function conditionOf(test: Test): Condition {
  const parts = test.values.map((value) => `${test.field} ${test.op} ${value}`);
  const any = parts.length > 1 ? `(${parts.join(' || ')})` : parts[0]!;
  const text = test.negated ? `!${parts.length > 1 ? any : `(${any})`}` : any;
  return { text, test };
}

/** The query that has these conditions; the empty text selects everything. */
export function writeFilter(filter: Filter): string {
  return filter.length === 0 ? '' : `{ ${filter.map(({ text }) => text).join(' && ')} }`;
}

/** The query, of whose spans also these conditions must hold; works for every query. */
export function narrowed(query: string, conditions: Filter): string {
  if (conditions.length === 0) return query;
  const filter = readFilter(query);
  if (filter) return writeFilter([...filter, ...conditions]);
  const end = hintsAt(query);
  const before = query.slice(0, end).trimEnd();
  // A line comment at the end would swallow what follows it.
  const hints = query.slice(end).trim();
  return `${before}\n| ${writeFilter(conditions)}${hints === '' ? '' : ` ${hints}`}`;
}

/** Where with(…) begins, or the end. */
function hintsAt(query: string): number {
  let depth = 0;
  for (const token of tokenize(query)) {
    const text = query.slice(token.from, token.to);
    if (token.kind === 'operator' && (text === '(' || text === '{')) depth++;
    else if (token.kind === 'operator' && (text === ')' || text === '}')) depth--;
    else if (token.kind === 'word' && text === 'with' && depth === 0) return token.from;
  }
  return query.length;
}
