import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { totalQuery } from '../../../api/searchQueries';
import type { TraceList } from '../../../api/schema';
import { Button } from '../../../components/form/Button';
import { formatClock } from '../../../format/time';
import { SORTS, type TracesSearch } from '../../../url/tracesSearch';
import { useTraces } from '../context';
import { Picks } from './Picks';
import { totalText } from './totalText';
import css from './TraceList.module.css';

const SORT_NAMES: Record<(typeof SORTS)[number], string> = {
  recent: 'most recent first',
  longest: 'longest first',
  shortest: 'shortest first',
  spans: 'most spans first',
  errors: 'most errors first',
};

interface ResultBarProps {
  pages: readonly TraceList[];
  busy: boolean;
}

/** How much of how much is listed, in which order, as of when. */
export function ResultBar({ pages, busy }: ResultBarProps) {
  const { search, asOf, listQuestion, change, refresh } = useTraces();
  const [first] = pages;
  const last = pages.at(-1)!;
  const shown = pages.reduce((n, page) => n + page.traces.length, 0);
  // The newest traces are found without counting all; that is asked beside.
  const counted = useQuery(totalQuery(listQuestion, last.more && first!.total.relation !== 'exact'));
  const total = counted.data?.total ?? last.total;
  const partial = last.partial ?? counted.data?.partial;
  return (
    <header className={css.bar}>
      <div className={css.said}>
        <div role="status">
          <h2>
            {totalText(shown, total, partial !== undefined)}
            {counted.isLoading && <span className={css.muted}>, counting…</span>}
          </h2>
        </div>
        {partial && (
          <p className={css.note} role="alert">
            Not all was read: {partial}
          </p>
        )}
        {counted.error && <p className={css.note}>They could not be counted: {counted.error.message}</p>}
        <Picks />
      </div>
      <div className={css.tools}>
        <select aria-label="Order" className={css.select} value={search.sort ?? 'recent'} onChange={(event) => change({ sort: event.target.value === 'recent' ? undefined : (event.target.value as TracesSearch['sort']) })}>
          {SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {SORT_NAMES[sort]}
            </option>
          ))}
        </select>
        <select aria-label="Auto-refresh" className={css.select} value={search.refresh ?? ''} onChange={(event) => change({ refresh: event.target.value ? Number(event.target.value) : undefined })}>
          <option value="">refresh: off</option>
          <option value="5">refresh: 5 s</option>
          <option value="30">refresh: 30 s</option>
        </select>
        <Button small onClick={refresh} title="Search again (r)">
          <RefreshCw size={14} aria-hidden="true" className={busy ? css.turning : undefined} />
          <span className="visually-hidden">Search again, shown is </span> {formatClock(asOf)}
        </Button>
      </div>
    </header>
  );
}
