import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { operationAt, serviceAt, leadRow, timesOf, type TraceModel } from '../../trace/model';
import { rowKey, rowOfKey } from '../../trace/spanId';
import { type TraceSearch } from '../../url/traceSearch';
import { stripped } from '../../url/tracesSearch';
import type { TraceWorker } from '../../worker/client';
import { usePageTitle } from '../usePageTitle';
import { type TraceContext, TraceContextValue } from './context';
import { Legend } from './Legend';
import { Minimap } from './minimap/Minimap';
import { SpanPanel } from './panel/SpanPanel';
import { TraceHeader } from './TraceHeader';
import { TraceToolbar } from './TraceToolbar';
import css from './TraceView.module.css';
import { useFind } from './useFind';
import { useRows } from './useRows';
import { useTimeline } from './useTimeline';
import { useTraceKeys } from './useTraceKeys';
import { SpanTable } from './views/SpanTable';
import { StatsTable } from './views/StatsTable';
import { Waterfall } from './waterfall/Waterfall';

const route = getRouteApi('/traces/$traceId');

interface TraceViewProps {
  trace: TraceModel;
  worker: TraceWorker;
  onReload: () => void;
}

export function TraceView({ trace, worker, onReload }: TraceViewProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  // Small changes of what is seen replace: Back leaves the trace, it does not undo zooms.
  const change = useCallback(
    (part: Partial<TraceSearch>) => void navigate({ search: (before) => stripped({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const lead = leadRow(trace);
  usePageTitle(`${serviceAt(trace, lead)} ${operationAt(trace, lead)}`);

  const corrected = search.skew !== 'off' && trace.corrected !== null;
  const times = timesOf(trace, corrected);
  const timeline = useTimeline(trace, times, search, change);
  const rows = useRows(trace);
  const found = useFind(trace, worker, search.q);
  const selected = useMemo(() => (search.span ? rowOfKey(trace.skeleton.id, search.span) : -1), [trace, search.span]);
  const [active, setActive] = useState(Math.max(0, selected));

  const { open } = rows;
  const goTo = useCallback(
    (row: number) => {
      open(row);
      setActive(row);
      timeline.reveal(row);
    },
    [open, timeline],
  );
  const select = useCallback(
    (row: number) => {
      goTo(row);
      change({ span: rowKey(trace.skeleton.id, row) });
    },
    [goTo, change, trace],
  );
  // A followed link can name another span of the same trace.
  useEffect(() => {
    if (selected >= 0) goTo(selected);
  }, [selected, goTo]);

  const context: TraceContext = { trace, worker, times, corrected, search, change, timeline, rows, found, active, selected, goTo, select };
  useTraceKeys(context);

  return (
    <TraceContextValue value={context}>
      <div className={css.page}>
        <TraceHeader onReload={onReload} />
        <Minimap />
        <TraceToolbar />
        <Legend />
        <div className={css.body}>
          {search.view === 'table' ? <SpanTable /> : search.view === 'stats' ? <StatsTable /> : <Waterfall />}
          {selected >= 0 && <SpanPanel key={selected} row={selected} />}
        </div>
        {search.span && selected < 0 && (
          <p className={css.missing} role="status">
            Span {search.span} of the link is not in this trace.
          </p>
        )}
      </div>
    </TraceContextValue>
  );
}
