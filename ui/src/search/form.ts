// The search form as a view of the query: a field of the form is a condition of
// the query, so neither can say something else than the other.
import { condition, conditionOf, type Condition, type Filter, type Test } from '../traceql/filter';
import { quote, unquote } from '../traceql/literal';

export const FIELDS = ['service', 'operation', 'kind', 'status', 'min', 'max'] as const;
export type FormField = (typeof FIELDS)[number];

const TESTS: Record<FormField, { field: string; op: Test['op']; text: boolean }> = {
  service: { field: 'resource.service.name', op: '=', text: true },
  operation: { field: 'name', op: '=', text: true },
  kind: { field: 'kind', op: '=', text: false },
  status: { field: 'status', op: '=', text: false },
  min: { field: 'duration', op: '>=', text: false },
  max: { field: 'duration', op: '<=', text: false },
};

export interface FormValues extends Record<FormField, string> {
  /** Conditions for which the form has no field of their own, as they stand in the query. */
  others: readonly Condition[];
}

/**
 * What the counts call an error: Envoy and others mark failed spans with an
 * attribute and leave the status unset.
 */
export const FAILED = condition('(status = error || span.error = true || span.error = "true")');
/** Its value in the form's field for the status. */
export const FAILED_VALUE = 'failed';

/** The value of a condition under a field of the form, or null when it is not that field's. */
function valueFor(name: FormField, { test, text: written }: Condition): string | null {
  if (name === 'status' && written === FAILED.text) return FAILED_VALUE;
  const { field, op, text } = TESTS[name];
  if (!test || test.negated || test.field !== field || test.op !== op || test.values.length !== 1) return null;
  const [literal] = test.values;
  const isText = literal!.startsWith('"');
  if (isText !== text) return null;
  return isText ? unquote(literal!) || null : literal!;
}

const indexOf = (filter: Filter, name: FormField) => filter.findIndex((c) => valueFor(name, c) !== null);

export function formOf(filter: Filter): FormValues {
  const taken = new Set<number>();
  const values = {} as Record<FormField, string>;
  for (const name of FIELDS) {
    const at = indexOf(filter, name);
    values[name] = at < 0 ? '' : valueFor(name, filter[at]!)!;
    taken.add(at);
  }
  return { ...values, others: filter.filter((_, i) => !taken.has(i)) };
}

/** The filter with a field of the form set, or taken out by ''. Everything else stays where it was. */
export function withField(filter: Filter, name: FormField, value: string): Filter {
  const { field, op, text } = TESTS[name];
  const at = indexOf(filter, name);
  if (value === '') return filter.filter((_, i) => i !== at);
  const next = name === 'status' && value === FAILED_VALUE ? FAILED : conditionOf({ field, op, values: [text ? quote(value) : value] });
  return at < 0 ? [...filter, next] : filter.map((c, i) => (i === at ? next : c));
}

export function without(filter: Filter, gone: Condition): Filter {
  return filter.filter((c) => c !== gone);
}

/** Only spans that name no parent. */
export const ROOTS = condition('nestedSetParent = -1');
