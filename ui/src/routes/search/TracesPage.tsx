import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { isOfSearch, overviewQuery, tracePagesQuery } from '../../api/searchQueries';
import { Failure, LoadingRows } from '../../components/feedback/Notice';
import { useShortcuts } from '../../keys/useShortcuts';
import { untilNow } from '../../search/heatmap';
import { dateToNs } from '../../format/time';
import { readFilter } from '../../traceql/filter';
import { listQuestionOf, questionKey, questionOf } from '../../url/tracesQuery';
import { stripped, type TracesSearch } from '../../url/tracesSearch';
import { usePageTitle } from '../usePageTitle';
import { ComparePanel } from './compare/ComparePanel';
import { type TracesContext, TracesProvider } from './context';
import { Facets, FIRST_KEYS } from './facets/Facets';
import { HeatmapPanel } from './heatmap/HeatmapPanel';
import { TraceList } from './list/TraceList';
import { OpenById } from './query/OpenById';
import { QueryBar } from './query/QueryBar';
import { LiveTail } from './tail/LiveTail';
import css from './TracesPage.module.css';
import { narrowScreen } from './narrowScreen';
import { useAsOf } from './useAsOf';

const route = getRouteApi('/traces');

export function TracesPage() {
  usePageTitle('Traces');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const { asOf, renew } = useAsOf(questionKey(search));
  const form = useRef<HTMLFormElement>(null);

  const question = useMemo(() => questionOf(search, asOf), [search, asOf]);
  const listQuestion = useMemo(() => listQuestionOf(search, asOf), [search, asOf]);
  const keys = useMemo(() => [...FIRST_KEYS, ...(search.facet ?? []).filter((key) => !FIRST_KEYS.includes(key))], [search.facet]);
  const overview = useQuery(overviewQuery(question, keys));
  const pages = useInfiniteQuery({ ...tracePagesQuery(listQuestion, { sort: search.sort, limit: search.limit }), enabled: search.live === undefined });

  const change = (part: Partial<TracesSearch>) => void navigate({ search: stripped({ ...search, ...part }), resetScroll: false });
  const refresh = () => {
    renew();
    // A window with a fixed end stays the same question, whose answer may have changed.
    if (search.start) void client.invalidateQueries({ predicate: isOfSearch });
  };

  useShortcuts([
    { keys: '/', does: 'Go to the query', group: 'Trace search', run: () => form.current?.querySelector<HTMLElement>('[data-query-input] :is(textarea, [contenteditable])')?.focus() },
    { keys: 'r', does: 'Search again', group: 'Trace search', run: refresh },
    { keys: 'l', does: 'Show spans as they arrive, or the search', group: 'Trace search', run: () => change({ live: search.live ? undefined : '1' }) },
    {
      keys: 'p',
      does: 'Pause or resume auto-refresh',
      group: 'Trace search',
      // The live tail has the key for itself.
      run: () => (search.live ? false : change({ refresh: search.refresh ? undefined : 5 })),
    },
    {
      keys: 'Escape',
      does: 'Close the comparison, clear what is chosen',
      group: 'Trace search',
      run: () => {
        if (search.compare) change({ compare: undefined });
        else if (search.sel) change({ sel: undefined, dur: undefined });
        else return false;
      },
    },
  ]);

  const failed = (overview.isError || pages.isError) && search.refresh !== undefined;
  useEffect(() => {
    // A failing refresh must not repeat on its own every few seconds unseen.
    if (failed) void navigate({ search: stripped({ ...search, refresh: undefined }), replace: true, resetScroll: false });
  }, [failed, navigate, search]);
  const again = useRef(refresh);
  useEffect(() => {
    again.current = refresh;
  });
  useEffect(() => {
    if (!search.refresh) return;
    const timer = setInterval(() => again.current(), search.refresh * 1000);
    return () => clearInterval(timer);
  }, [search.refresh]);

  const map = useMemo(() => (overview.data?.heatmap ? untilNow(overview.data.heatmap, BigInt(dateToNs(asOf))) : null), [overview.data, asOf]);
  const filter = useMemo(() => readFilter(search.q ?? ''), [search.q]);
  const context: TracesContext = { search, asOf, question, listQuestion, filter, change, refresh };
  return (
    <TracesProvider value={context}>
      <div className={css.page}>
        <QueryBar ref={form} busy={overview.isFetching || pages.isFetching} refused={pages.error ?? overview.error} />
        <aside className={css.side} aria-label="Values">
          <details className={css.fold} open={!narrowScreen()}>
            <summary>Values of what matches</summary>
            {overview.error && !overview.data ? <p className={css.note}>Values could not be counted.</p> : <Facets overview={overview.data} stale={overview.isPlaceholderData} />}
            <OpenById />
          </details>
        </aside>
        <section className={css.results} aria-label="Results">
          <h1 className="visually-hidden">Traces</h1>
          {search.live ? (
            <LiveTail key={search.q ?? ''} />
          ) : (
            <>
              {overview.data ? (
                <HeatmapPanel overview={overview.data} map={map} stale={overview.isPlaceholderData} />
              ) : overview.error ? (
                // What is wrong with the search is said once, by the list.
                !pages.error && <Failure title="The overview failed" error={overview.error} onRetry={() => void overview.refetch()} />
              ) : (
                <div className={css.counting}>
                  <LoadingRows rows={8} label="Counting all matches" />
                </div>
              )}
              {search.compare && overview.data && <ComparePanel kind={search.compare} map={map} />}
              <TraceList query={pages} />
            </>
          )}
        </section>
      </div>
    </TracesProvider>
  );
}
