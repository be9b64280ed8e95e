import { useCallback, useMemo, useState } from 'react';
import type { Tree } from '../../trace/shape';
import { collapseAll, positionOf, reveal, visibleRows } from '../../trace/visibleRows';

export interface Rows {
  /** Rows that are shown, in order. */
  visible: Uint32Array;
  collapsed: Uint8Array;
  toggle: (row: number, collapsed?: boolean) => void;
  collapseAll: () => void;
  expandAll: () => void;
  /** Opens what hides a row. */
  open: (row: number) => void;
  positionOf: (row: number) => number;
}

/** Which rows are shown: the tree less what the reader collapsed. */
export function useRows(trace: Tree): Rows {
  const [collapsed, setCollapsed] = useState<Uint8Array>(() => new Uint8Array(trace.skeleton.rows));
  const visible = useMemo(() => visibleRows(trace.end, collapsed), [trace, collapsed]);

  const toggle = useCallback(
    (row: number, to?: boolean) =>
      setCollapsed((before) => {
        const want = to ?? !before[row];
        if (trace.children[row] === 0 || Boolean(before[row]) === want) return before;
        const next = before.slice();
        next[row] = want ? 1 : 0;
        return next;
      }),
    [trace],
  );
  return {
    visible,
    collapsed,
    toggle,
    collapseAll: useCallback(() => setCollapsed(collapseAll(trace.children, trace.depth)), [trace]),
    expandAll: useCallback(() => setCollapsed(new Uint8Array(trace.skeleton.rows)), [trace]),
    open: useCallback((row: number) => setCollapsed((before) => reveal(trace.skeleton.parent, before, row)), [trace]),
    positionOf: useCallback((row: number) => positionOf(visible, row), [visible]),
  };
}
