import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { plural } from '../../format/count';
import { useShortcuts } from '../../keys/useShortcuts';
import { moveByKey } from '../trace/waterfall/treeKeys';
import { useRows } from '../trace/useRows';
import { DiffRow } from './DiffRow';
import css from './DiffTable.module.css';
import type { DiffTree } from './diffTree';
import { marksOf } from './marks';
import { differs } from './verdict';

const ROW = 28;
const COLUMNS = ['Service and operation', 'Spans A', 'Spans B', 'Time A', 'Time B', 'B − A', 'Change', 'A above, B below'];
const GROUP = 'Paths';

/** The paths as a WAI-ARIA treegrid; only the rows in view are in the document. */
export function DiffTable({ tree }: { tree: DiffTree }) {
  const { paths } = tree;
  const rows = useRows(tree);
  const { visible, collapsed, toggle, positionOf } = rows;
  const [active, setActive] = useState(0);
  const activeAt = positionOf(active);
  const scroller = useRef<HTMLElement>(null);
  const marks = useMemo(() => marksOf(paths), [paths]);
  const longest = useMemo(() => paths.reduce((most, path) => Math.max(most, path.timePerTraceANs, path.timePerTraceBNs), 1), [paths]);

  const virtualizer = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
    scrollPaddingStart: ROW,
    // The active row stays in the document, so that focus is never lost.
    rangeExtractor: useCallback(
      (range: Range) => {
        const inView = defaultRangeExtractor(range);
        if (activeAt >= 0 && activeAt < range.count && !inView.includes(activeAt)) inView.push(activeAt);
        return inView.sort((a, b) => a - b);
      },
      [activeAt],
    ),
  });

  // The row that one moved to takes the focus when that is in the grid, or nowhere.
  const lastActive = useRef(active);
  useEffect(() => {
    if (lastActive.current === active || activeAt < 0) return;
    lastActive.current = active;
    virtualizer.scrollToIndex(activeAt, { align: 'auto' });
    const grid = scroller.current;
    if (grid && (grid.contains(document.activeElement) || document.activeElement === document.body)) {
      grid.querySelector<HTMLElement>(`[data-row="${active}"]`)?.focus({ preventScroll: true });
    }
  }, [active, activeAt, virtualizer]);

  const step = (by: 1 | -1) => setActive(visible[Math.min(Math.max(activeAt + by, 0), visible.length - 1)]!);
  const toDifference = (by: 1 | -1) => {
    let row = active + by;
    while (paths[row] && !differs(paths[row]!)) row += by;
    if (!paths[row]) return;
    rows.open(row);
    setActive(row);
  };
  useShortcuts([
    { keys: 'j', does: 'Next path', group: GROUP, run: () => step(1) },
    { keys: 'k', does: 'Previous path', group: GROUP, run: () => step(-1) },
    { keys: 'n', does: 'Next path that differs', group: GROUP, run: () => toDifference(1) },
    { keys: 'N', does: 'Previous path that differs', group: GROUP, run: () => toDifference(-1) },
    { keys: '[', does: 'Collapse all', group: GROUP, run: () => (rows.collapseAll(), setActive(0)) },
    { keys: ']', does: 'Expand all', group: GROUP, run: rows.expandAll },
  ]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW) / ROW) - 3);
    const move = moveByKey(event.key, { trace: tree, visible, collapsed, active, page });
    if (!move) return;
    event.preventDefault();
    if (move.toggle !== undefined) toggle(active, move.toggle);
    if (move.row !== undefined) setActive(move.row);
  };

  const onToggle = useCallback(
    (row: number) => {
      toggle(row);
      setActive(row);
    },
    [toggle],
  );

  return (
    <section className={css.scroller} ref={scroller} aria-label="Paths of both traces" tabIndex={-1}>
      <div role="treegrid" aria-label={plural(paths.length, 'path')} aria-rowcount={visible.length + 1} className={css.table} style={{ height: virtualizer.getTotalSize() + ROW }} onKeyDown={onKeyDown}>
        <div role="row" className={`${css.row} ${css.head}`} aria-rowindex={1}>
          {COLUMNS.map((name) => (
            <div key={name} role="columnheader">
              {name}
            </div>
          ))}
        </div>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const row = visible[index]!;
          return (
            <DiffRow
              key={row}
              tree={tree}
              row={row}
              position={index}
              top={start}
              mark={marks.get(paths[row]!.service)!}
              longest={longest}
              collapsed={collapsed[row] === 1}
              tabbable={row === active}
              onFocus={setActive}
              onToggle={onToggle}
            />
          );
        })}
      </div>
      <p className={css.foot}>Time is the sum of the durations of the spans at a path, which may run at once. A path is slower or faster when it changed by a tenth or more, and by a hundredth of the longer trace.</p>
    </section>
  );
}
