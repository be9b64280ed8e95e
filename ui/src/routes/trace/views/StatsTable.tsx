import { useEffect, useMemo, useState } from 'react';
import { Button } from '../../../components/form/Button';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { formatCount, formatShare, plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import type { GroupStats } from '../../../trace/stats';
import { useTrace } from '../context';
import css from './StatsTable.module.css';

type Column = 'spans' | 'errors' | 'total' | 'self' | 'average' | 'p95' | 'longest';
const COLUMNS: ReadonlyArray<readonly [column: Column, name: string, show: (value: number) => string]> = [
  ['spans', 'Spans', formatCount],
  ['errors', 'Errors', formatCount],
  ['total', 'Total', formatDuration],
  ['self', 'Self time', formatDuration],
  ['average', 'Average', formatDuration],
  ['p95', 'p95', formatDuration],
  ['longest', 'Longest', formatDuration],
];
const MOST = 1000;

/** Where the time went: per service, or per service and operation. */
export function StatsTable() {
  const { trace, worker, corrected, search, change } = useTrace();
  const by = search.by ?? 'service';
  const [groups, setGroups] = useState<GroupStats[] | null>(null);
  const [sort, setSort] = useState<{ column: Column; descending: boolean }>({ column: 'self', descending: true });

  useEffect(() => {
    let stale = false;
    void worker.call('stats', { by, corrected }).then((next) => stale || setGroups(next));
    return () => {
      stale = true;
    };
  }, [worker, by, corrected]);

  const sorted = useMemo(() => {
    const sign = sort.descending ? -1 : 1;
    return groups?.toSorted((a, b) => sign * (a[sort.column] - b[sort.column])) ?? [];
  }, [groups, sort]);
  const allSelf = sorted.reduce((sum, group) => sum + group.self, 0);
  const marks = new Map(trace.marks.map((mark) => [mark.name, mark]));
  const sortBy = (column: Column) => setSort({ column, descending: sort.column === column ? !sort.descending : true });

  return (
    <section className={css.scroller} aria-label="Statistics" tabIndex={-1}>
      <div className={css.bar}>
        <span role="group" aria-label="Rows">
          <Button small quiet={by !== 'service'} aria-pressed={by === 'service'} onClick={() => change({ by: undefined })}>
            By service
          </Button>{' '}
          <Button small quiet={by !== 'operation'} aria-pressed={by === 'operation'} onClick={() => change({ by: 'operation' })}>
            By operation
          </Button>
        </span>
        <span>Self time is what a span took while no child of it ran. p95 is the duration that 95 in 100 spans stay within.</span>
      </div>
      <table className={css.table} aria-label={`Statistics by ${by}`}>
        <thead>
          <tr>
            <th scope="col">{by === 'service' ? 'Service' : 'Service and operation'}</th>
            {COLUMNS.map(([column, name]) => (
              <th key={column} scope="col" aria-sort={sort.column === column ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
                <button type="button" onClick={() => sortBy(column)}>
                  {name}
                  <span aria-hidden="true">{sort.column === column ? (sort.descending ? ' ▾' : ' ▴') : ''}</span>
                </button>
              </th>
            ))}
            <th scope="col">Share of self time</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST).map((group) => {
            const mark = marks.get(group.service);
            return (
              <tr key={`${group.service}\0${group.operation}`}>
                <th scope="row">
                  {mark && <ServiceMark mark={mark} />} <strong>{group.service}</strong> {group.operation}
                </th>
                {COLUMNS.map(([column, , show]) => (
                  <td key={column} data-fault={column === 'errors' && group.errors > 0 ? '' : undefined}>
                    {show(group[column])}
                  </td>
                ))}
                <td>
                  <span className={css.share}>
                    {formatShare(allSelf > 0 ? group.self / allSelf : 0)}
                    <span className={css.track}>
                      <span style={{ width: `${allSelf > 0 ? (group.self / allSelf) * 100 : 0}%` }} />
                    </span>
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {sorted.length > MOST && <p className={css.more}>{plural(sorted.length - MOST, 'more row')} not shown; sort by another column to see its first thousand.</p>}
    </section>
  );
}
