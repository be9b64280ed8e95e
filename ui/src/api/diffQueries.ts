// What the comparison of two traces asks.
import { queryOptions } from '@tanstack/react-query';
import { factsOfSkeleton } from '../trace/skeletonFacts';
import { fetchDiff, skeletonUrl } from './client';
import { fetchSkeleton } from './fetchSkeleton';
import { decodeSkeleton } from './skeleton';

export const diffQuery = (a: string, b: string) =>
  queryOptions({ queryKey: ['diff', a, b], queryFn: ({ signal }) => fetchDiff(a, b, signal) });

/** What a trace is, read off its skeleton; the columns are not kept. */
export const traceFactsQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['traceFacts', traceId],
    queryFn: async ({ signal }) => factsOfSkeleton(decodeSkeleton(await fetchSkeleton(skeletonUrl(traceId), signal))),
  });
