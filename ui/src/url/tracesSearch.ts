// The search params of /traces. A value that is not valid is dropped, never an
// error page: the rest of the link still works.
import * as z from 'zod/mini';
import { Kind } from '../api/schema';
import { parseGoDuration } from '../format/duration';

export const RANGES = { '5m': 5, '15m': 15, '1h': 60, '6h': 360, '24h': 1440, '7d': 10_080 } as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

export const SORTS = ['recent', 'longest', 'shortest', 'spans', 'errors'] as const;
export const STATUSES = ['error', 'ok', 'unset'] as const;
export const LIMITS = [20, 50, 100, 200, 500, 1000] as const;
export const REFRESH_SECONDS = [5, 30] as const;

const dropped = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined as never);

const goDuration = z.string().check(z.refine((text) => parseGoDuration(text) !== null));
const instant = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text))));
const number = z.pipe(z.transform(Number), z.int());

const Schema = z.object({
  service: dropped(z.string()),
  operation: dropped(z.string()),
  kind: dropped(Kind),
  status: dropped(z.enum(STATUSES)),
  tag: dropped(z.array(z.string().check(z.regex(/^[^=]+=/)))),
  min: dropped(goDuration),
  max: dropped(goDuration),
  range: dropped(z.enum(RANGE_NAMES as [RangeName, ...RangeName[]])),
  start: dropped(instant),
  end: dropped(instant),
  limit: dropped(number.check(z.minimum(1), z.maximum(1000))),
  sort: dropped(z.enum(SORTS)),
  refresh: dropped(number.check(z.refine((s) => (REFRESH_SECONDS as readonly number[]).includes(s)))),
  plot: dropped(z.enum(['table', 'off'])),
});

export type TracesSearch = z.infer<typeof Schema>;

export const DEFAULT_RANGE: RangeName = '1h';
export const DEFAULT_LIMIT = 20;

export function parseTracesSearch(raw: Record<string, unknown>): TracesSearch {
  const search = Schema.parse(raw);
  // Absolute times win over a range; half a pair is no window.
  if (search.start && search.end) search.range = undefined;
  else search.start = search.end = undefined;
  return stripped(search);
}

/** Without undefined members, so that equal searches are equal objects and URLs. */
export function stripped<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}
