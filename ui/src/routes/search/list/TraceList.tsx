import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ApiError } from '../../../api/error';
import type { TraceList as Page } from '../../../api/schema';
import { saidOf } from '../../../api/searchQueries';
import { Failure, LoadingRows } from '../../../components/feedback/Notice';
import { Button } from '../../../components/form/Button';
import { useTraces } from '../context';
import { marksOf } from './marks';
import { NoTraces } from './NoTraces';
import { ResultBar } from './ResultBar';
import css from './TraceList.module.css';
import { TraceRow } from './TraceRow';
import { useTraceRows } from './useTraceRows';

export type TracePages = UseInfiniteQueryResult<InfiniteData<Page>>;

/** The matching traces. Pages are fetched as one scrolls; only rows near the view are in the document. */
export function TraceList({ query }: { query: TracePages }) {
  const { data, error, isFetching, isPlaceholderData, refetch } = query;
  const { search } = useTraces();
  const traces = useMemo(() => data?.pages.flatMap((page) => page.traces) ?? [], [data]);
  const marks = useMemo(() => marksOf(data?.pages.map((page) => page.traces) ?? []), [data]);
  const { list, virtualizer, offset } = useTraceRows(traces.length, query);

  // A page that fails behind others leaves them where they are.
  if (error && !data) {
    // Asking again does not make a wrong query right.
    if (error instanceof ApiError && error.place) return <Failure title="The query is not valid" error={new Error(`Line ${error.place.line}, column ${error.place.column}: ${saidOf(error)}`)} />;
    return <Failure title="The search failed" error={error} onRetry={() => void refetch()} />;
  }
  if (!data) return <LoadingRows rows={8} label="Searching" />;
  const longest = traces.reduce((max, trace) => Math.max(max, trace.durationNs), 1);
  return (
    <>
      <ResultBar pages={data.pages} busy={isFetching} />
      {traces.length === 0 ? (
        <NoTraces />
      ) : (
        <ol ref={list} className={isPlaceholderData ? `${css.list} ${css.stale}` : css.list} style={{ height: virtualizer.getTotalSize() }} aria-label="Traces">
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const trace = traces[index]!;
            return (
              <TraceRow
                key={trace.traceId}
                ref={virtualizer.measureElement}
                index={index}
                count={query.hasNextPage ? -1 : traces.length}
                top={start - offset}
                trace={trace}
                marks={marks}
                longest={longest}
                picked={search.a === trace.traceId || search.b === trace.traceId}
              />
            );
          })}
        </ol>
      )}
      <Rest query={query} />
    </>
  );
}

/** What comes behind the last row. */
function Rest({ query }: { query: TracePages }) {
  const { error, data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  if (error && data) return <Failure title="The next page failed" error={error} onRetry={() => void fetchNextPage()} />;
  if (isFetchingNextPage) return <LoadingRows rows={2} label="Loading more traces" />;
  if (!hasNextPage) return null;
  return (
    <div className={css.rest}>
      <Button onClick={() => void fetchNextPage()}>Load more traces</Button>
    </div>
  );
}
