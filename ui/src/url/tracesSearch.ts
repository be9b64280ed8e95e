// The search params of /traces. A value that is not valid is dropped, never an
// error page: the rest of the link still works.
import * as z from 'zod/mini';
import { parseGoDuration } from '../format/duration';
import { withOldConditions } from './oldConditions';

export const RANGES = { '5m': 5, '15m': 15, '1h': 60, '6h': 360, '24h': 1440, '7d': 10_080 } as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

export const SORTS = ['recent', 'longest', 'shortest', 'spans', 'errors'] as const;
export const REFRESH_SECONDS = [5, 30] as const;
export const COMPARISONS = ['slow', 'failed', 'chosen'] as const;

export const dropped = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined as never);

const instant = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text))));
const number = z.pipe(z.transform(Number), z.int());
const traceId = z.string().check(z.regex(/^[0-9a-f]{32}$/));

/** The most keys for whose values one may ask, less the four that are always shown. */
export const MOST_FACETS = 40;

const Schema = z.object({
  /** TraceQL; absent: all spans. */
  q: dropped(z.string()),
  range: dropped(z.enum(RANGE_NAMES as [RangeName, ...RangeName[]])),
  start: dropped(instant),
  end: dropped(instant),
  /** What is chosen in the heatmap: two instants in Unix ns, and two durations of which either may be missing. */
  sel: dropped(z.string().check(z.refine((text) => parseInstants(text) !== null))),
  dur: dropped(z.string().check(z.refine((text) => parseDurations(text) !== null))),
  sort: dropped(z.enum(SORTS)),
  /** Traces on a page. */
  limit: dropped(number.check(z.minimum(1), z.maximum(1000))),
  refresh: dropped(number.check(z.refine((s) => (REFRESH_SECONDS as readonly number[]).includes(s)))),
  plot: dropped(z.enum(['table', 'off'])),
  /** "errors" colours the heatmap by failed spans only. */
  heat: dropped(z.literal('errors')),
  /** Keys beside services, operations, kinds and statuses whose values are listed. */
  facet: dropped(z.array(z.string().check(z.regex(/^(resource|scope|span|event|link|intrinsic)\../))).check(z.maxLength(MOST_FACETS))),
  /** What is compared with the rest. */
  compare: dropped(z.enum(COMPARISONS)),
  /** Traces picked for a comparison with each other. */
  a: dropped(traceId),
  b: dropped(traceId),
  live: dropped(z.pipe(z.transform(String), z.literal('1'))),
});

export type TracesSearch = z.infer<typeof Schema>;

export const DEFAULT_RANGE: RangeName = '1h';
export const DEFAULT_LIMIT = 20;

export function parseTracesSearch(raw: Record<string, unknown>): TracesSearch {
  const search = Schema.parse(raw);
  search.q = withOldConditions(search.q, raw);
  // Absolute times win over a range; half a pair is no window.
  if (search.start && search.end) search.range = undefined;
  else search.start = search.end = undefined;
  if (!search.sel) search.dur = undefined;
  if (search.compare === 'chosen' && !search.dur) search.compare = undefined;
  if (search.b && !search.a) [search.a, search.b] = [search.b, undefined];
  return accepted(raw, search);
}

/** A search for the router, which keeps of the raw one what it is not told to forget: params that are not valid, too. */
export function accepted<T extends object>(raw: Record<string, unknown>, search: T): T {
  return { ...Object.fromEntries(Object.keys(raw).map((key) => [key, undefined])), ...stripped(search) } as T;
}

/** Without undefined and empty members, so that equal searches are equal objects and URLs. */
export function stripped<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== '')) as T;
}

/** "from~to" in Unix ns. */
export function parseInstants(text: string): [from: bigint, to: bigint] | null {
  const match = /^(\d{1,19})~(\d{1,19})$/.exec(text);
  if (!match) return null;
  const [from, to] = [BigInt(match[1]!), BigInt(match[2]!)];
  return from < to ? [from, to] : null;
}

/** "min~below" in durations, either may be missing. */
export function parseDurations(text: string): { min?: number; below?: number } | null {
  const parts = text.split('~');
  if (parts.length !== 2) return null;
  const [min, below] = parts.map((part) => (part === '' ? undefined : parseGoDuration(part)));
  if (min === null || below === null || (min === undefined && below === undefined)) return null;
  if (min !== undefined && below !== undefined && min >= below) return null;
  return { min, below };
}
