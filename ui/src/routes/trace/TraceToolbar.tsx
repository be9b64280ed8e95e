import { ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, OctagonX, ZoomOut } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Button } from '../../components/form/Button';
import { formatCount } from '../../format/count';
import { Flag } from '../../trace/flags';
import { nextWithFlag } from '../../trace/visibleRows';
import { VIEWS } from '../../url/traceSearch';
import { useTrace } from './context';
import css from './TraceToolbar.module.css';
import { nextMatch } from './useFind';

const VIEW_NAMES = { waterfall: 'Waterfall', table: 'Table', stats: 'Statistics' };

export function TraceToolbar() {
  const { trace, search, change, rows, timeline, corrected, active, select } = useTrace();
  const view = search.view ?? 'waterfall';
  const errors = trace.skeleton.header.errors;
  const zoomed = useSyncExternalStore(timeline.subscribe, () => timeline.zoomed);
  return (
    <div className={css.bar}>
      <div className={css.group} role="group" aria-label="View">
        {VIEWS.map((name) => (
          <Button key={name} small quiet={view !== name} aria-pressed={view === name} onClick={() => change({ view: name === 'waterfall' ? undefined : name })}>
            {VIEW_NAMES[name]}
          </Button>
        ))}
      </div>
      <Find />
      <div className={css.group}>
        {errors > 0 && (
          <Button small onClick={() => select(nextWithFlag(trace.skeleton.flags, Flag.error, active))} title="Next error (e)">
            <OctagonX size={14} className={css.error} aria-hidden="true" /> Next error
          </Button>
        )}
        {view === 'waterfall' && (
          <>
            <Button small icon aria-label="Collapse all" onClick={rows.collapseAll}>
              <ChevronsDownUp size={14} aria-hidden="true" />
            </Button>
            <Button small icon aria-label="Expand all" onClick={rows.expandAll}>
              <ChevronsUpDown size={14} aria-hidden="true" />
            </Button>
          </>
        )}
        <Button small disabled={!zoomed} onClick={() => timeline.fit()} title="Show the whole trace (0)">
          <ZoomOut size={14} aria-hidden="true" /> Fit
        </Button>
      </div>
      {trace.corrected && (
        <label className={css.check}>
          <input type="checkbox" checked={corrected} onChange={(event) => change({ skew: event.target.checked ? undefined : 'off' })} />
          Correct clocks
        </label>
      )}
    </div>
  );
}

function Find() {
  const { search, change, found, active, select } = useTrace();
  const [text, setText] = useState(search.q ?? '');
  useEffect(() => setText(search.q ?? ''), [search.q]);
  useEffect(() => {
    if (text === (search.q ?? '')) return;
    const timer = setTimeout(() => change({ q: text || undefined }), 150);
    return () => clearTimeout(timer);
  }, [text, search.q, change]);

  const jump = (step: 1 | -1) => {
    if (found && found.rows.length > 0) select(nextMatch(found, active, step));
  };
  return (
    <form
      className={css.find}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        jump(1);
      }}
    >
      <input
        data-find=""
        type="search"
        aria-label="Find in the trace"
        placeholder="Find service, operation or span id"
        value={text}
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !event.shiftKey) return;
          event.preventDefault();
          jump(-1);
        }}
      />
      <span className={css.count} role="status">
        {found && placeOf(found.rows, active)}
      </span>
      {found && found.rows.length > 0 && (
        <>
          <Button quiet small icon aria-label="Previous match" onClick={() => jump(-1)}>
            <ChevronUp size={14} aria-hidden="true" />
          </Button>
          <Button quiet small icon aria-label="Next match" onClick={() => jump(1)}>
            <ChevronDown size={14} aria-hidden="true" />
          </Button>
        </>
      )}
    </form>
  );
}

function placeOf(rows: Uint32Array, active: number): string {
  if (rows.length === 0) return 'no match';
  const at = rows.indexOf(active);
  const total = formatCount(rows.length);
  return at < 0 ? `${total} ${rows.length === 1 ? 'match' : 'matches'}` : `${formatCount(at + 1)} of ${total}`;
}
