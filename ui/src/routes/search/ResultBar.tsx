import { RefreshCw } from 'lucide-react';
import type { TraceList } from '../../api/schema';
import { Button } from '../../components/form/Button';
import { plural } from '../../format/count';
import { formatClock } from '../../format/time';
import { SORTS, type TracesSearch } from '../../url/tracesSearch';
import css from './Results.module.css';

interface ResultBarProps {
  list: TraceList;
  search: TracesSearch;
  busy: boolean;
  updatedAt: Date;
  onChange: (part: Partial<TracesSearch>) => void;
  onRefresh: () => void;
}

const SORT_NAMES: Record<(typeof SORTS)[number], string> = {
  recent: 'most recent first',
  longest: 'longest first',
  shortest: 'shortest first',
  spans: 'most spans first',
  errors: 'most errors first',
};

export function ResultBar({ list, search, busy, updatedAt, onChange, onRefresh }: ResultBarProps) {
  const shown = plural(list.traces.length, 'trace');
  const inspected = list.inspectedSpans ? `, ${plural(list.inspectedSpans, 'span')} looked at` : '';
  return (
    <header className={css.bar}>
      <div>
        <p role="status">
          <strong>{list.more ? `${shown} shown, more match` : list.traces.length === 0 ? 'No traces' : `${shown}, all that match`}</strong>
          <span className={css.muted}>{inspected}</span>
        </p>
        {list.notes?.map((note) => (
          <p key={note} className={css.note}>
            {note}
          </p>
        ))}
      </div>
      <div className={css.tools}>
        <select aria-label="Order" className={css.select} value={search.sort ?? 'recent'} onChange={(event) => onChange({ sort: event.target.value === 'recent' ? undefined : (event.target.value as TracesSearch['sort']) })}>
          {SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {SORT_NAMES[sort]}
            </option>
          ))}
        </select>
        <select aria-label="Auto-refresh" className={css.select} value={search.refresh ?? ''} onChange={(event) => onChange({ refresh: event.target.value ? Number(event.target.value) : undefined })}>
          <option value="">refresh: off</option>
          <option value="5">refresh: 5 s</option>
          <option value="30">refresh: 30 s</option>
        </select>
        <Button small onClick={onRefresh} title="Search again (r)">
          <RefreshCw size={14} aria-hidden="true" className={busy ? css.turning : undefined} />
          <span className="visually-hidden">Search again, shown is </span> {formatClock(updatedAt)}
        </Button>
      </div>
    </header>
  );
}
