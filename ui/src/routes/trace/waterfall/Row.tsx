import { ChevronDown, ChevronRight } from 'lucide-react';
import { type CSSProperties, memo, useLayoutEffect, useRef } from 'react';
import { KindIcon } from '../../../components/service/KindIcon';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { formatCount } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { hasFlag, kindAt, markAt, operationAt, serviceAt, type TraceModel } from '../../../trace/model';
import { Flag } from '../../../trace/flags';
import { markColor } from '../../../trace/serviceColor';
import type { Timeline } from '../timeline';
import { rowSentence } from './rowSentence';
import { RowMarks } from './RowMarks';
import css from './Row.module.css';

interface RowProps {
  trace: TraceModel;
  timeline: Timeline;
  row: number;
  position: number;
  top: number;
  corrected: boolean;
  collapsed: boolean;
  tabbable: boolean;
  selected: boolean;
  matched: boolean;
  dimmed: boolean;
  onSelect: (row: number) => void;
  onToggle: (row: number) => void;
}

/** Deeper than this, rows are not indented further: the name must stay readable. */
const DEEPEST_INDENT = 24;
const INDENT = 10;

export const Row = memo(function Row(props: RowProps) {
  const { trace, timeline, row, position, top, collapsed, selected } = props;
  const lane = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => timeline.attach(lane.current!, row), [timeline, row, props.corrected]);

  const mark = markAt(trace, row);
  const failed = hasFlag(trace, row, Flag.error);
  const parent = trace.children[row]! > 0;
  const hidden = trace.end[row]! - row - 1;
  const indent = Math.min(trace.depth[row]!, DEEPEST_INDENT) * INDENT;
  const state = [css.row, selected && css.selected, props.matched && css.matched, props.dimmed && css.dimmed];
  return (
    <div
      role="row"
      className={state.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${top}px)`, '--svc': markColor(mark) } as CSSProperties}
      tabIndex={props.tabbable ? 0 : -1}
      data-row={row}
      aria-label={rowSentence(trace, row, props.corrected)}
      aria-rowindex={position + 1}
      aria-level={trace.depth[row]! + 1}
      aria-expanded={parent ? !collapsed : undefined}
      aria-selected={selected}
      onClick={() => props.onSelect(row)}
    >
      <div role="gridcell" className={css.name}>
        <span className={css.guides} style={{ width: indent }} />
        {parent ? (
          <button
            type="button"
            tabIndex={-1}
            className={css.toggle}
            aria-label={collapsed ? `Expand ${formatCount(hidden)} rows` : 'Collapse'}
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle(row);
            }}
          >
            {collapsed ? <ChevronRight size={14} aria-hidden="true" /> : <ChevronDown size={14} aria-hidden="true" />}
          </button>
        ) : (
          <span className={css.toggle} />
        )}
        <ServiceMark mark={mark} />
        <KindIcon kind={kindAt(trace, row)} />
        <span className={css.service}>{serviceAt(trace, row)}</span>
        <span className={css.operation}>{operationAt(trace, row)}</span>
        {collapsed && <span className={css.hidden}>{`+${formatCount(hidden)}`}</span>}
        <RowMarks trace={trace} row={row} />
      </div>
      <div role="gridcell" className={css.lane} ref={lane}>
        <span className={`${css.bar} ${mark.striped ? css.striped : ''} ${failed ? css.failed : ''}`} />
        <span className={css.label}>{formatDuration(trace.skeleton.duration[row]!)}</span>
      </div>
    </div>
  );
});
