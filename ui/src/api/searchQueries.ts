// What trace search asks. Every answer is keyed by its whole question, window
// included: parts of the page that show one moment say the same of it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type Page, pageParams, type Question, questionParams } from '../url/tracesQuery';
import * as client from './client';
import { ApiError } from './error';

/** A window that moves every few seconds leaves many answers behind. */
const SHORT_LIVED = { staleTime: Infinity, gcTime: 120_000 } as const;

const HEATMAP = { columns: '150', rows: '52' };

const ASKED = ['overview', 'facet', 'traces', 'total', 'comparison'];

/** Whether a cached answer is one of these. */
export const isOfSearch = ({ queryKey }: { queryKey: readonly unknown[] }) => ASKED.includes(queryKey[0] as string);

/** Totals, heatmap and the values of keys, over all spans. */
export const overviewQuery = (question: Question, keys: readonly string[]) =>
  queryOptions({
    queryKey: ['overview', question, keys],
    queryFn: ({ signal }) => {
      const params = questionParams(question);
      for (const [name, value] of Object.entries(HEATMAP)) params.set(name, value);
      for (const key of keys) params.append('facet', key);
      return client.fetchOverview(params, signal);
    },
    placeholderData: keepPreviousData,
    ...SHORT_LIVED,
  });

/** Many values of one key. */
export const facetQuery = (question: Question, key: string, values: number) =>
  queryOptions({
    queryKey: ['facet', question, key, values],
    queryFn: async ({ signal }) => {
      const params = questionParams(question);
      params.set('columns', '0');
      params.set('facet', key);
      params.set('values', String(values));
      const { facets, partial } = await client.fetchOverview(params, signal);
      return { facet: facets[0]!, partial };
    },
    placeholderData: keepPreviousData,
    ...SHORT_LIVED,
  });

/** The list, page by page: each goes on where the one before ended. */
export const tracePagesQuery = (question: Question, page: Omit<Page, 'after'>) =>
  infiniteQueryOptions({
    queryKey: ['traces', question, page],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => client.fetchTraces(pageParams(question, { ...page, after: pageParam }), signal),
    getNextPageParam: (last) => last.after,
    placeholderData: keepPreviousData,
    ...SHORT_LIVED,
  });

/** How many traces match, counted to the last. */
export const totalQuery = (question: Question, enabled: boolean) =>
  queryOptions({
    queryKey: ['total', question],
    queryFn: async ({ signal }) => {
      const params = pageParams(question, { limit: 1 });
      params.set('total', 'exact');
      const { total, partial } = await client.fetchTraces(params, signal);
      return { total, partial };
    },
    enabled,
    ...SHORT_LIVED,
  });

/** What tells the spans of one query from those of another. */
export const comparisonQuery = (selection: string, baseline: string, window: client.Window) =>
  queryOptions({
    queryKey: ['comparison', selection, baseline, window],
    queryFn: ({ signal }) => client.fetchComparison(new URLSearchParams({ selection, baseline, start: window.start, end: window.end, limit: '12', values: '6' }), signal),
    placeholderData: keepPreviousData,
    ...SHORT_LIVED,
  });

/** What is wrong with the text of a query, or null: it is put to a window of 1 ns, where nothing is. */
export async function mistakeIn(q: string, signal?: AbortSignal): Promise<ApiError | null> {
  if (q.trim() === '') return null;
  try {
    await client.fetchTraces(pageParams({ q, window: { start: '0', end: '1' } }, { limit: 1 }), signal);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'bad_request') return error;
    throw error;
  }
}

/** The error without where it was found: that is shown there. */
export function saidOf(error: ApiError): string {
  return error.place ? error.message.replace(/^\w+: traceql: line \d+, column \d+: /, '') : error.message;
}
