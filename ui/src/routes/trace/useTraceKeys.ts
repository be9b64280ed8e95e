import { useShortcuts } from '../../keys/useShortcuts';
import { Flag } from '../../trace/flags';
import { nextWithFlag } from '../../trace/visibleRows';
import type { TraceContext } from './context';
import { nextMatch } from './useFind';

const ROWS = 'Rows of the trace';
const TIME = 'Timeline';

/** The shortcuts of the trace page. */
export function useTraceKeys(context: TraceContext): void {
  const { trace, timeline, rows, found, active, selected, search, change, goTo, select } = context;
  // With the panel open, moving means looking at the next span.
  const move = (row: number) => {
    if (row < 0 || row >= trace.skeleton.rows) return;
    if (selected >= 0) select(row);
    else goTo(row);
  };
  const step = (by: 1 | -1) => {
    if (search.view === 'table' || search.view === 'stats') return false;
    const at = Math.min(Math.max(rows.positionOf(active) + by, 0), rows.visible.length - 1);
    move(rows.visible[at]!);
  };
  const toMatch = (by: 1 | -1) => (found && found.rows.length > 0 ? move(nextMatch(found, active, by)) : false);

  const escape = () => {
    const focused = document.activeElement;
    if (focused instanceof HTMLInputElement) focused.blur();
    else if (selected >= 0) change({ span: undefined });
    else if (search.q) change({ q: undefined });
    else if (search.service) change({ service: undefined });
    else if (timeline.zoomed) timeline.fit();
    else return false;
  };

  useShortcuts([
    { keys: 'j', does: 'Next row', group: ROWS, run: () => step(1) },
    { keys: 'k', does: 'Previous row', group: ROWS, run: () => step(-1) },
    { keys: 'Enter', does: 'Open the details of the row', group: ROWS, run: () => (document.activeElement === document.body ? select(active) : false) },
    { keys: 'e', does: 'Next error', group: ROWS, run: () => move(nextWithFlag(trace.skeleton.flags, Flag.error, active)) },
    { keys: 'E', does: 'Previous error', group: ROWS, run: () => move(nextWithFlag(trace.skeleton.flags, Flag.error, active, -1)) },
    { keys: '[', does: 'Collapse all', group: ROWS, run: rows.collapseAll },
    { keys: ']', does: 'Expand all', group: ROWS, run: rows.expandAll },
    { keys: '/', does: 'Find in the trace', group: ROWS, run: () => document.querySelector<HTMLElement>('[data-find]')?.focus() },
    { keys: 'n', does: 'Next match', group: ROWS, run: () => toMatch(1) },
    { keys: 'N', does: 'Previous match', group: ROWS, run: () => toMatch(-1) },
    { keys: '+', does: 'Zoom in (also Ctrl/Cmd and the wheel over the bars)', group: TIME, run: () => timeline.zoom(0.5) },
    { keys: '=', does: 'Zoom in', group: TIME, run: () => timeline.zoom(0.5) },
    { keys: '-', does: 'Zoom out', group: TIME, run: () => timeline.zoom(2) },
    { keys: '0', does: 'Show the whole trace (also a double click on the overview)', group: TIME, run: () => timeline.fit() },
    { keys: 'Shift+ArrowLeft', does: 'Earlier (also Shift and the wheel over the bars)', group: TIME, run: () => timeline.pan(-0.25) },
    { keys: 'Shift+ArrowRight', does: 'Later', group: TIME, run: () => timeline.pan(0.25) },
    { keys: 'Escape', does: 'Close the details, then the search, then the zoom', group: 'Everywhere', run: escape },
  ]);
}
