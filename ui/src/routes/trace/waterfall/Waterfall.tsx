import { defaultRangeExtractor, useVirtualizer, type Range as VirtualRange } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useRef } from 'react';
import { plural } from '../../../format/count';
import { positionOf } from '../../../trace/visibleRows';
import { useWidth } from '../../../components/useSize';
import { useTrace } from '../context';
import { ColumnHead } from './ColumnHead';
import { Row } from './Row';
import { moveByKey } from './treeKeys';
import { useNameWidth } from './useNameWidth';
import { useWheelZoom } from './useWheelZoom';
import css from './Waterfall.module.css';

const ROW = 24;
/** Chromium lays out no element taller than 33,554,428 px. */
const MOST_ROWS = Math.floor(33_554_428 / ROW) - 1;

/** The spans as a WAI-ARIA treegrid; only the rows in view are in the document. */
export function Waterfall() {
  const { trace, search, rows, found, active, selected, timeline, select, goTo, corrected } = useTrace();
  const scroller = useRef<HTMLDivElement>(null);
  const { visible, collapsed, toggle } = rows;
  const shown = Math.min(visible.length, MOST_ROWS);
  const activeAt = positionOf(visible, active);

  const virtualizer = useVirtualizer({
    count: shown,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    // The active row stays in the document, so that focus is never lost.
    rangeExtractor: useCallback(
      (range: VirtualRange) => {
        const inView = defaultRangeExtractor(range);
        if (activeAt >= 0 && activeAt < range.count && !inView.includes(activeAt)) inView.push(activeAt);
        return inView.sort((a, b) => a - b);
      },
      [activeAt],
    ),
  });

  // Bring the active row into view when it changes, and give it the focus when
  // the focus is in the grid, or nowhere.
  const lastActive = useRef(-1);
  useEffect(() => {
    if (activeAt < 0) return;
    const moved = lastActive.current !== active;
    lastActive.current = active;
    if (!moved) return;
    virtualizer.scrollToIndex(activeAt, { align: 'auto' });
    const grid = scroller.current;
    if (grid && (grid.contains(document.activeElement) || document.activeElement === document.body)) {
      grid.querySelector<HTMLElement>(`[data-row="${active}"]`)?.focus({ preventScroll: true });
    }
  }, [active, activeAt, virtualizer]);

  const nameWidth = useNameWidth();
  const body = useRef<HTMLDivElement>(null);
  const rowWidth = useWidth(body);
  useWheelZoom(body, timeline);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      if (!(event.target as HTMLElement).matches('[role="row"]')) return;
      event.preventDefault();
      select(active);
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW) / ROW) - 2);
    const move = moveByKey(event.key, { trace, visible, collapsed, active, page });
    if (!move) return;
    event.preventDefault();
    if (move.toggle !== undefined) toggle(active, move.toggle);
    if (move.row !== undefined) (selected >= 0 ? select : goTo)(move.row);
  };

  const service = search.service ? trace.skeleton.header.services.findIndex((s) => s.name === search.service) : -1;
  return (
    <section className={css.waterfall} style={nameWidth.style} aria-label="Waterfall">
      <ColumnHead nameWidth={nameWidth} rowWidth={rowWidth} />
      <div className={css.scroller} ref={scroller} tabIndex={-1}>
        <div ref={body} className={css.body} style={{ height: virtualizer.getTotalSize() }} role="treegrid" aria-label={`${plural(trace.skeleton.rows, 'span')} of the trace`} aria-rowcount={visible.length} onKeyDown={onKeyDown}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = visible[item.index]!;
            return (
              <Row
                key={row}
                row={row}
                position={item.index}
                top={item.start}
                trace={trace}
                timeline={timeline}
                corrected={corrected}
                collapsed={collapsed[row] === 1}
                tabbable={row === active || (activeAt < 0 && item.index === 0)}
                selected={row === selected}
                matched={found?.isMatch[row] === 1}
                dimmed={(service >= 0 && trace.skeleton.service[row] !== service) || (found !== null && found.rows.length > 0 && found.isMatch[row] === 0)}
                onSelect={select}
                onToggle={toggle}
              />
            );
          })}
        </div>
      </div>
      {visible.length > shown && (
        <p className={css.cap} role="status">
          The browser can lay out {plural(shown, 'row')} of {plural(visible.length, 'row')}. Collapse parts of the trace, or use find, to reach the rest.
        </p>
      )}
    </section>
  );
}
