// Keys and values of the API as fields and literals of TraceQL.
import { conditionOf, type Condition, type Filter, type Test } from '../traceql/filter';
import { quote, quoteName } from '../traceql/literal';

export interface Key {
  scope: string;
  name: string;
}

export interface TypedText {
  text: string;
  type: string;
}

const INTRINSICS: Record<string, string> = {
  name: 'name',
  kind: 'kind',
  status: 'status',
  status_message: 'statusMessage',
  scope_name: 'instrumentation:name',
  scope_version: 'instrumentation:version',
  event_name: 'event:name',
};

/** The field of a key; null where the language has none. */
export function fieldOf({ scope, name }: Key): string | null {
  if (scope === 'intrinsic') return INTRINSICS[name] ?? null;
  return `${scope === 'scope' ? 'instrumentation' : scope}.${quoteName(name)}`;
}

/** "scope.name", as the parameters of the API write keys. */
export const keyText = ({ scope, name }: Key) => `${scope}.${name}`;


/** The literal of a value; null where no literal equals it (bytes, lists, maps, not a number). */
export function literalOf(key: Key, { text, type }: TypedText): string | null {
  if (key.scope === 'intrinsic' && (key.name === 'kind' || key.name === 'status')) return text;
  switch (type) {
    case 'string':
      return quote(text);
    case 'int':
    case 'double':
      return /^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? text : null;
    case 'bool':
      return text;
    case 'absent':
    case 'empty':
      return 'nil';
    default:
      return null;
  }
}

/** Every span has these, so that "not equal" leaves nobody out. */
const ALWAYS_PRESENT = new Set(['name', 'kind', 'status']);

export interface Choice {
  included: boolean;
  excluded: boolean;
}

const includes = ({ test }: Condition, field: string) => test?.field === field && test.op === '=' && !test.negated;

const leavesOut = ({ test }: Condition, field: string) =>
  test?.field === field && test.values.length === 1 && ((test.op === '!=' && !test.negated) || (test.op === '=' && test.negated === true));

const excludes = (c: Condition, field: string, literal: string) => leavesOut(c, field) && c.test!.values[0] === literal;

/** What a filter says of a value. */
export function choiceOf(filter: Filter, field: string, literal: string): Choice {
  return {
    included: filter.some((c) => includes(c, field) && c.test!.values.includes(literal)),
    excluded: filter.some((c) => excludes(c, field, literal)),
  };
}

/** Whether the filter names values of the field that are wanted, or left out. */
export const isNarrowed = (filter: Filter, field: string) => filter.some((c) => includes(c, field) || leavesOut(c, field));

/** The filter without what it says of the values of a field, to see which others there are. */
export const widened = (filter: Filter, field: string): Filter => filter.filter((c) => !includes(c, field) && !leavesOut(c, field));

/** Wants a value of a field as well, or no longer. Wanted values of one field are alternatives. */
export function toggleIncluded(filter: Filter, field: string, literal: string): Filter {
  const bare = filter.filter((c) => !excludes(c, field, literal));
  const at = bare.findIndex((c) => includes(c, field));
  if (at < 0) return [...bare, conditionOf({ field, op: '=', values: [literal] })];
  const before = bare[at]!.test!.values;
  const values = before.includes(literal) ? before.filter((value) => value !== literal) : [...before, literal];
  if (values.length === 0) return bare.filter((_, i) => i !== at);
  return bare.map((c, i) => (i === at ? conditionOf({ field, op: '=', values }) : c));
}

/** Leaves a value of a field out, or no longer. */
export function toggleExcluded(filter: Filter, field: string, literal: string): Filter {
  if (choiceOf(filter, field, literal).excluded) return filter.filter((c) => !excludes(c, field, literal));
  const bare = choiceOf(filter, field, literal).included ? toggleIncluded(filter, field, literal) : filter;
  return [...bare, exclusion(field, literal)];
}

export function exclusion(field: string, literal: string): Condition {
  const test: Test = { field, op: '=', values: [literal] };
  return conditionOf(ALWAYS_PRESENT.has(field) || literal === 'nil' ? { ...test, op: '!=' } : { ...test, negated: true });
}

/** A condition from text that a person typed as key=value; types are those that the key is known to have. */
export function conditionOfTag(field: string, text: string, types: readonly string[] = []): Condition {
  const values = [];
  const unknown = types.length === 0;
  if ((unknown || types.includes('int') || types.includes('double')) && /^-?\d+(\.\d+)?$/.test(text)) values.push(text);
  if ((unknown || types.includes('bool')) && (text === 'true' || text === 'false')) values.push(text);
  if (unknown || types.includes('string') || values.length === 0) values.push(quote(text));
  return conditionOf({ field, op: '=', values });
}
