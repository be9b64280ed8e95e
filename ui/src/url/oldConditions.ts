// Links from before the query: service, operation, kind, status, tag, min and
// max were params of their own. They are read as the conditions they were.
import { conditionOfTag } from '../search/attribute';
import { FAILED } from '../search/form';
import { conditionOf, type Condition, narrowed } from '../traceql/filter';
import { quote, quoteName, typedDuration } from '../traceql/literal';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES = ['ok', 'unset'];

/** The query with the conditions of old params; that of `raw` that is not valid is left out. */
export function withOldConditions(q: string | undefined, raw: Record<string, unknown>): string | undefined {
  const conditions: Condition[] = [];
  const param = (name: string) => (typeof raw[name] === 'string' && raw[name] !== '' ? raw[name] : undefined);
  const add = (field: string, op: '=' | '>=' | '<=', value: string | null | undefined) => {
    if (value) conditions.push(conditionOf({ field, op, values: [value] }));
  };
  const service = param('service');
  const operation = param('operation');
  add('resource.service.name', '=', service && quote(service));
  add('name', '=', operation && quote(operation));
  add('kind', '=', KINDS.find((kind) => kind === raw.kind));
  add('status', '=', STATUSES.find((status) => status === raw.status));
  if (raw.status === 'error') conditions.push(FAILED);
  for (const tag of Array.isArray(raw.tag) ? raw.tag : []) {
    const at = typeof tag === 'string' ? tag.indexOf('=') : -1;
    if (at > 0) conditions.push(conditionOfTag(`.${quoteName((tag as string).slice(0, at))}`, (tag as string).slice(at + 1)));
  }
  add('duration', '>=', typedDuration(param('min') ?? ''));
  add('duration', '<=', typedDuration(param('max') ?? ''));
  return narrowed(q ?? '', conditions) || undefined;
}
