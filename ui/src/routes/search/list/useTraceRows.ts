import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useShortcuts } from '../../../keys/useShortcuts';
import type { TracePages } from './TraceList';

const ROW = 59;
/** Rows before the end at which the next page is fetched. */
const AHEAD = 2;

/** Which rows are in the document, in the scrolled page; j and k walk through all. */
export function useTraceRows(count: number, { hasNextPage, isFetching, isError, fetchNextPage }: TracePages) {
  const list = useRef<HTMLOListElement>(null);
  const [offset, setOffset] = useState(0);
  const scroller = () => list.current?.closest<HTMLElement>('main') ?? null;
  const virtualizer = useVirtualizer({ count, getScrollElement: scroller, estimateSize: () => ROW, overscan: 4, scrollMargin: offset });

  // The list begins below what else is on the page, which may grow or be hidden.
  const measure = useCallback(() => {
    const main = scroller();
    if (!list.current || !main) return;
    const top = list.current.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop;
    setOffset((before) => (Math.abs(before - top) < 1 ? before : top));
  }, []);
  useLayoutEffect(measure);
  const shown = count > 0;
  useLayoutEffect(() => {
    const section = list.current?.parentElement;
    if (!shown || !section) return;
    const observer = new ResizeObserver(measure);
    observer.observe(section);
    return () => observer.disconnect();
  }, [shown, measure]);

  const last = virtualizer.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (count > 0 && last >= count - AHEAD && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [last, count, hasNextPage, isFetching, isError, fetchNextPage]);

  // A row that is not in the document yet gets the focus once it is.
  const wanted = useRef<number | null>(null);
  useEffect(() => {
    if (wanted.current === null) return;
    const link = linkAt(list.current, wanted.current);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });
  const move = (step: 1 | -1) => {
    if (count === 0) return;
    const row = document.activeElement?.closest<HTMLElement>('[data-index]');
    const at = row && list.current?.contains(row) ? Number(row.dataset.index) + step : 0;
    wanted.current = Math.min(Math.max(at, 0), count - 1);
    virtualizer.scrollToIndex(wanted.current, { align: 'auto' });
    linkAt(list.current, wanted.current)?.focus();
  };
  useShortcuts([
    { keys: 'j', does: 'Next trace', group: 'Trace search', run: () => move(1) },
    { keys: 'k', does: 'Previous trace', group: 'Trace search', run: () => move(-1) },
  ]);
  return { list, virtualizer, offset };
}

function linkAt(list: HTMLElement | null, index: number): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-index="${index}"] [data-trace-link]`) ?? null;
}
