// From the search params of /traces to the form and to the API, and back.
import type { Window } from '../api/client';
import { parseGoDuration } from '../format/duration';
import { dateToNs } from '../format/time';
import { DEFAULT_LIMIT, DEFAULT_RANGE, RANGES, stripped, type TracesSearch } from './tracesSearch';

/** The stretch of time a search looks at; a range ends now. */
export function windowOf(search: TracesSearch, now: Date): Window {
  if (search.start && search.end) {
    return { start: dateToNs(new Date(search.start)), end: dateToNs(new Date(search.end)) };
  }
  const minutes = RANGES[search.range ?? DEFAULT_RANGE];
  // Spans can begin a little after now: clocks differ. Look a minute ahead.
  const end = new Date(now.getTime() + 60_000);
  return { start: dateToNs(new Date(now.getTime() - minutes * 60_000)), end: dateToNs(end) };
}

export function toApiParams(search: TracesSearch, now: Date): URLSearchParams {
  const params = new URLSearchParams();
  const set = (key: string, value: string | undefined) => {
    if (value !== undefined && value !== '') params.set(key, value);
  };
  set('service', search.service);
  set('operation', search.operation);
  set('kind', search.kind);
  set('status', search.status);
  for (const tag of search.tag ?? []) params.append('tag', tag);
  set('minDuration', search.min);
  set('maxDuration', search.max);
  const window = windowOf(search, now);
  params.set('start', window.start);
  params.set('end', window.end);
  params.set('limit', String(search.limit ?? DEFAULT_LIMIT));
  set('sort', search.sort);
  return params;
}

/** What the form holds while it is edited: text as typed. */
export interface SearchDraft {
  service: string;
  operation: string;
  kind: string;
  status: string;
  tags: string[];
  min: string;
  max: string;
  /** A range name, or "custom" for start and end. */
  range: string;
  start: string;
  end: string;
  limit: string;
}

export function draftOf(search: TracesSearch): SearchDraft {
  return {
    service: search.service ?? '',
    operation: search.operation ?? '',
    kind: search.kind ?? '',
    status: search.status ?? '',
    tags: search.tag ?? [],
    min: search.min ?? '',
    max: search.max ?? '',
    range: search.start ? 'custom' : (search.range ?? DEFAULT_RANGE),
    start: search.start ?? '',
    end: search.end ?? '',
    limit: String(search.limit ?? DEFAULT_LIMIT),
  };
}

export type DraftProblems = Partial<Record<'min' | 'max' | 'time', string>>;

export function checkDraft(draft: SearchDraft): DraftProblems {
  const problems: DraftProblems = {};
  const min = draft.min.trim() === '' ? null : parseGoDuration(draft.min);
  const max = draft.max.trim() === '' ? null : parseGoDuration(draft.max);
  if (draft.min.trim() !== '' && min === null) problems.min = 'Write a number and a unit, like 200ms or 1.5s.';
  if (draft.max.trim() !== '' && max === null) problems.max = 'Write a number and a unit, like 200ms or 1.5s.';
  if (min !== null && max !== null && min > max) problems.max = 'The maximum is below the minimum.';
  if (draft.range === 'custom') {
    const start = Date.parse(draft.start);
    const end = Date.parse(draft.end);
    if (Number.isNaN(start) || Number.isNaN(end)) problems.time = 'Give both a start and an end.';
    else if (start >= end) problems.time = 'The start must be before the end.';
  }
  return problems;
}

/** The params that a checked draft stands for; `keep` carries what the form does not edit. */
export function searchOf(draft: SearchDraft, keep: TracesSearch): TracesSearch {
  const custom = draft.range === 'custom';
  const text = (value: string) => (value.trim() === '' ? undefined : value.trim());
  return stripped({
    service: text(draft.service),
    operation: text(draft.operation),
    kind: text(draft.kind),
    status: text(draft.status),
    tag: draft.tags.length > 0 ? draft.tags : undefined,
    min: text(draft.min),
    max: text(draft.max),
    range: custom || draft.range === DEFAULT_RANGE ? undefined : draft.range,
    start: custom ? new Date(draft.start).toISOString() : undefined,
    end: custom ? new Date(draft.end).toISOString() : undefined,
    limit: Number(draft.limit) === DEFAULT_LIMIT ? undefined : Number(draft.limit),
    sort: keep.sort,
    refresh: keep.refresh,
    plot: keep.plot,
  } as TracesSearch);
}
