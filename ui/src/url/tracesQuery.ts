// From the search params of /traces to what is asked of the API.
import type { Window } from '../api/client';
import { dateToNs, nsToDate } from '../format/time';
import type { Stretch } from '../search/heatmap';
import { conditionOf, type Filter, narrowed } from '../traceql/filter';
import { durationLiteral } from '../traceql/literal';
import { DEFAULT_LIMIT, DEFAULT_RANGE, parseDurations, parseInstants, RANGES, stripped, type TracesSearch } from './tracesSearch';

/** The stretch of time a search looks at; a range ends now. */
export function windowOf(search: Pick<TracesSearch, 'range' | 'start' | 'end'>, now: Date): Window {
  if (search.start && search.end) {
    return { start: dateToNs(new Date(search.start)), end: dateToNs(new Date(search.end)) };
  }
  const minutes = RANGES[search.range ?? DEFAULT_RANGE];
  // Spans can begin a little after now: clocks differ. Look a minute ahead.
  const end = new Date(now.getTime() + 60_000);
  return { start: dateToNs(new Date(now.getTime() - minutes * 60_000)), end: dateToNs(end) };
}

/** What is chosen in the heatmap; null when nothing is. */
export function stretchIn({ sel, dur }: Pick<TracesSearch, 'sel' | 'dur'>): Stretch | null {
  const instants = sel && parseInstants(sel);
  if (!instants) return null;
  return { from: instants[0], to: instants[1], ...(dur && parseDurations(dur)) };
}

/** The params that choose a stretch of the heatmap. */
export function stretchParams({ from, to, min, below }: Stretch): Pick<TracesSearch, 'sel' | 'dur'> {
  const bounded = min !== undefined || below !== undefined;
  const text = (ns: number | undefined) => (ns === undefined ? '' : durationLiteral(ns));
  return { sel: `${from}~${to}`, dur: bounded ? `${text(min)}~${text(below)}` : undefined };
}

/** The durations of a stretch as conditions. */
export function durationConditions({ min, below }: Pick<Stretch, 'min' | 'below'>): Filter {
  const bound = (op: '>=' | '<', ns: number | undefined) => (ns === undefined ? [] : [conditionOf({ field: 'duration', op, values: [durationLiteral(ns)] })]);
  return [...bound('>=', min), ...bound('<', below)];
}

/** The search that has the chosen stretch for its window and conditions. */
export function zoomedTo(search: TracesSearch, stretch: Stretch): TracesSearch {
  const outwards = (ns: bigint, up: bigint) => nsToDate(String(ns + up)).toISOString();
  return stripped({
    ...search,
    q: narrowed(search.q ?? '', durationConditions(stretch)),
    range: undefined,
    start: outwards(stretch.from, 0n),
    end: outwards(stretch.to, 999_999n),
    sel: undefined,
    dur: undefined,
    compare: search.compare === 'chosen' ? undefined : search.compare,
  });
}

/** A question about spans: which, and when they begin. */
export interface Question {
  q: string;
  window: Window;
}

/** What the page is about: heatmap and values are of these spans. */
export const questionOf = (search: TracesSearch, now: Date): Question => ({ q: search.q ?? '', window: windowOf(search, now) });

/** What the list is about: the same, or what is chosen of it in the heatmap. */
export function listQuestionOf(search: TracesSearch, now: Date): Question {
  const whole = questionOf(search, now);
  const stretch = stretchIn(search);
  if (!stretch) return whole;
  const later = (a: bigint, b: bigint) => (a > b ? a : b);
  const earlier = (a: bigint, b: bigint) => (a < b ? a : b);
  const from = later(stretch.from, BigInt(whole.window.start));
  // A stretch that the window has left behind is empty, and no window may be.
  const to = later(earlier(stretch.to, BigInt(whole.window.end)), from + 1n);
  return { q: narrowed(whole.q, durationConditions(stretch)), window: { start: String(from), end: String(to) } };
}

/** What makes the page ask anew; that something is shown otherwise does not. */
export function questionKey({ q, range, start, end }: TracesSearch): string {
  return JSON.stringify([q, range, start, end]);
}

export function questionParams({ q, window }: Question): URLSearchParams {
  const params = new URLSearchParams();
  if (q !== '') params.set('q', q);
  params.set('start', window.start);
  params.set('end', window.end);
  return params;
}

export interface Page {
  sort?: TracesSearch['sort'];
  limit?: number;
  after?: string;
}

export function pageParams(question: Question, { sort, limit, after }: Page): URLSearchParams {
  const params = questionParams(question);
  params.set('limit', String(limit ?? DEFAULT_LIMIT));
  if (sort) params.set('sort', sort);
  if (after) params.set('after', after);
  return params;
}
