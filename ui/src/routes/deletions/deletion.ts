import type { Deletion } from '../../api/schema';
import { nsToDate } from '../../format/time';

/** What a deletion names, in words: "trace", its id; or "span attribute", key and value. */
export function whatOf({ traceId, key, type, value }: Deletion): { of: string; name: string; value?: string } {
  if (!key) return { of: 'trace', name: traceId ?? '' };
  const text = type === 'string' ? JSON.stringify(value) : String(value);
  return { of: `${key.scope} attribute`, name: key.name, value: text };
}

export type State = 'done' | 'pending' | 'overdue';

export function stateOf({ doneUnixNano, deadlineUnixNano }: Deletion, now: Date): State {
  if (doneUnixNano) return 'done';
  return nsToDate(deadlineUnixNano) < now ? 'overdue' : 'pending';
}
