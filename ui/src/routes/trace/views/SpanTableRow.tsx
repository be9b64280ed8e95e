import { ServiceMark } from '../../../components/service/ServiceMark';
import { formatCount } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { Flag } from '../../../trace/flags';
import { hasFlag, kindAt, markAt, operationAt, serviceAt, sinceStart } from '../../../trace/model';
import { useTrace } from '../context';
import { RowMarks } from '../waterfall/RowMarks';
import css from './SpanTable.module.css';

interface SpanTableRowProps {
  row: number;
  position: number;
  top: number;
  selected: boolean;
  active: boolean;
  matched: boolean;
}

export function SpanTableRow({ row, position, top, selected, active, matched }: SpanTableRowProps) {
  const { trace, times, select, search } = useTrace();
  const dimmed = search.service !== undefined && serviceAt(trace, row) !== search.service;
  const plain = (trace.skeleton.flags[row]! & (Flag.error | Flag.orphan | Flag.conflict | Flag.cycle | Flag.endsBeforeStart)) === 0;
  const state = [css.row, selected && css.selected, active && css.active, matched && css.matched, dimmed && css.dimmed];
  return (
    <div role="row" className={state.filter(Boolean).join(' ')} style={{ transform: `translateY(${top}px)` }} aria-rowindex={position + 2} onClick={() => select(row)}>
      <div role="cell" className={css.tree}>
        {formatCount(row + 1)}
      </div>
      <div role="cell" className={css.service}>
        <ServiceMark mark={markAt(trace, row)} /> {serviceAt(trace, row)}
      </div>
      <div role="cell" className={css.operation}>
        <button type="button" aria-current={selected ? 'true' : undefined}>
          {operationAt(trace, row) || 'unnamed operation'}
        </button>
      </div>
      <div role="cell" className={css.kind}>
        {kindAt(trace, row)}
      </div>
      <div role="cell" className={css.start}>
        {formatDuration(sinceStart(times, row))}
      </div>
      <div role="cell" className={css.duration}>
        {formatDuration(trace.skeleton.duration[row]!)}
      </div>
      <div role="cell" className={css.self}>
        {formatDuration(times.self[row]!)}
      </div>
      <div role="cell" className={css.status}>
        {plain ? (hasFlag(trace, row, Flag.statusOk) ? 'ok' : 'unset') : <RowMarks trace={trace} row={row} />}
      </div>
    </div>
  );
}
