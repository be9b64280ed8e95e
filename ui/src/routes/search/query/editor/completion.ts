// What can be completed at a place in a query. Pure; where the words come from
// is elsewhere.
import { canonicalField } from '../../../../traceql/literal';
import { tokenize } from '../../../../traceql/token';

export type Place =
  /** The name of a field is wanted. */
  | { kind: 'field'; from: number; text: string }
  /** A value that `field` is compared with. */
  | { kind: 'value'; from: number; text: string; field: string }
  /** A spanset or what follows it. */
  | { kind: 'stage'; from: number; text: string };

const COMPARISON = /^(?:=~|!~|!=|>=|<=|=|>|<)$/;

/** The place before `at`; null inside of comments and numbers. */
export function placeAt(query: string, at: number): Place | null {
  const before = query.slice(0, at);
  const tokens = tokenize(before);
  // A quote that is not closed yet: everything behind it is being written.
  const open = tokens.findIndex(({ kind, from }) => kind === 'bad' && before[from] === '"');
  const last = open < 0 ? tokens.at(-1) : tokens[open]!;
  const written = last && (open >= 0 || last.kind === 'word' || last.kind === 'field' || last.kind === 'bad');
  if (last && open < 0 && (last.kind === 'comment' || last.kind === 'number' || last.kind === 'string')) return null;
  const from = written ? last.from : at;
  const text = before.slice(from);
  const complete = tokens.filter((token) => token.to <= from && token.kind !== 'space' && token.kind !== 'comment');
  const textOf = (i: number) => {
    const token = complete.at(i);
    return token ? before.slice(token.from, token.to) : '';
  };

  let depth = 0;
  let braces = 0;
  for (const token of complete) {
    const op = token.kind === 'operator' ? before.slice(token.from, token.to) : '';
    if (op === '{') braces++;
    else if (op === '}') braces--;
    else if (op === '(') depth++;
    else if (op === ')') depth--;
  }
  const field = complete.at(-2);
  if (braces > 0 && COMPARISON.test(textOf(-1)) && (field?.kind === 'field' || field?.kind === 'word')) {
    return { kind: 'value', from, text, field: canonicalField(textOf(-2)) };
  }
  if (open >= 0) return null;
  const inFunction = braces <= 0 && depth > 0 && /^(?:by|select|avg|min|max|sum)$/.test(before.slice(0, complete.findLast((t) => before[t.from] === '(')?.from ?? 0).trim().split(/\W+/).at(-1) ?? '');
  if (braces > 0 || inFunction) {
    // Behind a field or a value an operator is next.
    const previous = complete.at(-1);
    if (braces > 0 && previous && previous.kind !== 'operator') return null;
    return { kind: 'field', from, text };
  }
  return { kind: 'stage', from, text };
}
