// What is asked for, when it is stale, and under which key it is cached.
import { keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query';
import { windowOf } from '../url/tracesQuery';
import type { TracesSearch } from '../url/tracesSearch';
import * as client from './client';
import { ApiError } from './error';
import { SpanBatch } from './spanBatch';

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.retryable,
        retryDelay: 500,
        refetchOnWindowFocus: false,
        staleTime: 30_000,
      },
    },
  });
}

/** The part of the search that decides the window; `now` is taken when asking. */
type When = Pick<TracesSearch, 'range' | 'start' | 'end'>;
const when = ({ range, start, end }: When): When => ({ range, start, end });

export const statusQuery = () =>
  queryOptions({ queryKey: ['status'], queryFn: ({ signal }) => client.fetchStatus(signal), refetchInterval: 30_000 });

/** Asked again while something is pending: that changes by itself. */
export const deletionsQuery = () =>
  queryOptions({
    queryKey: ['deletions'],
    queryFn: ({ signal }) => client.fetchDeletions(signal),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.deletions.some((deletion) => !deletion.doneUnixNano) ? 5000 : false),
  });

export const servicesQuery = (search: When) =>
  queryOptions({
    queryKey: ['services', when(search)],
    queryFn: ({ signal }) => client.fetchServices(windowOf(search, new Date()), signal),
    placeholderData: keepPreviousData,
  });

export const operationsQuery = (service: string, search: When) =>
  queryOptions({
    queryKey: ['operations', service, when(search)],
    queryFn: ({ signal }) => client.fetchOperations(service, windowOf(search, new Date()), signal),
    enabled: service !== '',
  });

export const keysQuery = (search: When) =>
  queryOptions({
    queryKey: ['keys', when(search)],
    queryFn: ({ signal }) => client.fetchKeys(windowOf(search, new Date()), signal),
  });

/** Asked for when a key is known; the scope "any" looks in all that have it. */
export const valuesQuery = (scope: string, key: string, search: When) =>
  queryOptions({
    queryKey: ['values', scope, key, when(search)],
    queryFn: ({ signal }) => client.fetchValues(scope, key, '', windowOf(search, new Date()), signal),
    enabled: key !== '',
  });

const batches = new Map<string, SpanBatch>();

function batchOf(traceId: string): SpanBatch {
  let batch = batches.get(traceId);
  if (!batch) batches.set(traceId, (batch = new SpanBatch((ids) => client.fetchSpans(traceId, ids))));
  return batch;
}

/** Every span that has this id; stored spans do not change, so they stay cached. */
export const spanQuery = (traceId: string, spanId: string) =>
  queryOptions({
    queryKey: ['span', traceId, spanId],
    queryFn: () => batchOf(traceId).load(spanId),
    staleTime: Infinity,
  });
