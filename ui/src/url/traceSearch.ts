// The search params of /traces/$traceId.
import * as z from 'zod/mini';
import { ORDER_COLUMNS, type OrderColumn } from '../trace/order';
import { accepted, dropped } from './tracesSearch';

export const VIEWS = ['waterfall', 'table', 'stats'] as const;
export type View = (typeof VIEWS)[number];

const ns = z.pipe(z.transform(Number), z.number().check(z.refine(Number.isFinite)));

const Schema = z.object({
  view: dropped(z.enum(['table', 'stats'])),
  /** The selected span: its id, "~2" for the second that shares it. */
  span: dropped(z.string().check(z.regex(/^[0-9a-f]{16}(~\d+)?$/))),
  /** Find in trace. */
  q: dropped(z.string()),
  /** The service that stands out. */
  service: dropped(z.string()),
  /** The stretch shown, ns after the start of the trace. */
  from: dropped(ns),
  to: dropped(ns),
  /** "off" shows times as recorded; otherwise clock errors are taken out. */
  skew: dropped(z.literal('off')),
  /** Sort of the table, "-" first for descending. */
  order: dropped(z.string().check(z.refine((text) => (ORDER_COLUMNS as readonly string[]).includes(text.replace(/^-/, ''))))),
  /** Rows of the statistics. */
  by: dropped(z.literal('operation')),
});

export type TraceSearch = z.infer<typeof Schema>;

export function parseTraceSearch(raw: Record<string, unknown>): TraceSearch {
  const search = Schema.parse(raw);
  if (search.from === undefined || search.to === undefined || search.to <= search.from) {
    search.from = search.to = undefined;
  }
  return accepted(raw, search);
}

export function parseOrder(order: string | undefined): { column: OrderColumn; descending: boolean } {
  const text = order ?? 'tree';
  return { column: text.replace(/^-/, '') as OrderColumn, descending: text.startsWith('-') };
}

export const TRACE_ID_RULE = 'A trace id is 1 to 32 hex digits.';

/** 1..32 hex digits to the 32 that the API writes, or null. */
export function normalTraceId(text: string): string | null {
  const id = text.trim().toLowerCase();
  return /^[0-9a-f]{1,32}$/.test(id) ? id.padStart(32, '0') : null;
}
