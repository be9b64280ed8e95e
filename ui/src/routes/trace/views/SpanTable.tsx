import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { useShortcuts } from '../../../keys/useShortcuts';
import { plural } from '../../../format/count';
import { ORDER_COLUMNS, type OrderColumn } from '../../../trace/order';
import { parseOrder } from '../../../url/traceSearch';
import { useTrace } from '../context';
import { SpanTableRow } from './SpanTableRow';
import css from './SpanTable.module.css';

const ROW = 24;
const NAMES: Record<OrderColumn, string> = {
  tree: '#',
  service: 'Service',
  operation: 'Operation',
  kind: 'Kind',
  start: 'Starts at',
  duration: 'Duration',
  self: 'Self time',
  status: 'Status',
};
/** Numbers are looked at largest first, names from the beginning. */
const DESCENDING_FIRST = new Set<OrderColumn>(['duration', 'self', 'status']);

/** Every span as a row of numbers, sorted by any column. */
export function SpanTable() {
  const { trace, worker, corrected, search, change, selected, active, select, goTo, found } = useTrace();
  const { column, descending } = parseOrder(search.order);
  const [order, setOrder] = useState<Uint32Array | null>(null);
  const scroller = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let stale = false;
    void worker.call('order', { column, descending, corrected }).then((next) => stale || setOrder(next));
    return () => {
      stale = true;
    };
  }, [worker, column, descending, corrected]);

  const virtualizer = useVirtualizer({
    count: Math.min(order?.length ?? 0, Math.floor(33_554_428 / ROW) - 2),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
  });

  const step = (by: 1 | -1) => {
    if (!order) return;
    const row = order[Math.min(Math.max(order.indexOf(active) + by, 0), order.length - 1)]!;
    if (selected >= 0) select(row);
    else goTo(row);
    virtualizer.scrollToIndex(order.indexOf(row), { align: 'auto' });
  };
  useShortcuts([
    { keys: 'j', does: 'Next row of the table', group: 'Table', run: () => step(1) },
    { keys: 'k', does: 'Previous row of the table', group: 'Table', run: () => step(-1) },
  ]);

  const sortBy = (name: OrderColumn) => {
    const flip = name === column ? !descending : DESCENDING_FIRST.has(name);
    const next = `${flip ? '-' : ''}${name}`;
    change({ order: next === 'tree' ? undefined : next });
  };
  return (
    <section className={css.scroller} ref={scroller} aria-label="Spans" tabIndex={-1}>
      <div role="table" aria-label={plural(trace.skeleton.rows, 'span')} aria-rowcount={trace.skeleton.rows + 1} className={css.table} style={{ height: virtualizer.getTotalSize() + ROW }}>
        <div role="row" className={`${css.row} ${css.head}`} aria-rowindex={1}>
          {ORDER_COLUMNS.map((name) => (
            <div key={name} role="columnheader" aria-sort={name === column ? (descending ? 'descending' : 'ascending') : 'none'} className={css[name]}>
              <button type="button" onClick={() => sortBy(name)}>
                {NAMES[name]}
                <span aria-hidden="true">{name === column ? (descending ? ' ▾' : ' ▴') : ''}</span>
              </button>
            </div>
          ))}
        </div>
        {order &&
          virtualizer.getVirtualItems().map((item) => {
            const row = order[item.index]!;
            return (
              <SpanTableRow key={row} row={row} position={item.index} top={item.start} selected={row === selected} active={row === active} matched={found?.isMatch[row] === 1} />
            );
          })}
      </div>
    </section>
  );
}
