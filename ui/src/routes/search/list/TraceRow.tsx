import { Link } from '@tanstack/react-router';
import { OctagonX, Unlink } from 'lucide-react';
import type { TraceSummary } from '../../../api/schema';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { formatClockMs, formatDateTime, formatRelative, nsToDate, sameDay } from '../../../format/time';
import type { Ref } from 'react';
import type { ServiceMark as Mark } from '../../../trace/serviceColor';
import { useTraces } from '../context';
import { togglePick } from './Picks';
import { ShareBar } from './ShareBar';
import css from './TraceRow.module.css';

interface TraceRowProps {
  /** Measures the row. */
  ref: Ref<HTMLLIElement>;
  index: number;
  /** Rows of the list, -1 while there are more than are loaded. */
  count: number;
  top: number;
  trace: TraceSummary;
  marks: ReadonlyMap<string, Mark>;
  longest: number;
  picked: boolean;
}

/** Exporters batch for seconds: until then missing spans are late, not lost. */
const ARRIVAL_MS = 15_000;

export function TraceRow({ ref, index, count, top, trace, marks, longest, picked }: TraceRowProps) {
  const { search, asOf: now, change } = useTraces();
  const start = nsToDate(trace.startUnixNano);
  const root = marks.get(trace.rootService);
  const arriving = trace.orphans > 0 && now.getTime() - (start.getTime() + trace.durationNs / 1e6) < ARRIVAL_MS;
  return (
    <li ref={ref} className={css.row} style={{ transform: `translateY(${top}px)` }} data-index={index} aria-setsize={count} aria-posinset={index + 1}>
      <label className={css.pick} title="Pick to compare with another trace">
        <input type="checkbox" checked={picked} onChange={() => change(togglePick(search, trace.traceId))} aria-label={`Pick ${trace.rootService} ${trace.rootName} ${trace.traceId.slice(0, 8)} to compare`} />
      </label>
      <div className={css.what}>
        <Link className={css.title} to="/traces/$traceId" params={{ traceId: trace.traceId }} data-trace-link="">
          {root && <ServiceMark mark={root} />}
          <span className={css.service}>{trace.rootService || 'unnamed service'}</span>
          <span className={css.name}>{trace.rootName || 'unnamed operation'}</span>
        </Link>
        <p className={css.sub}>
          <time dateTime={start.toISOString()}>{`${formatRelative(start, now)} · ${sameDay(start, now) ? formatClockMs(start) : formatDateTime(start)}`}</time>
          <code>{trace.traceId.slice(0, 8)}</code>
          {(search.q ?? search.sel) && trace.matchedSpans < trace.spans && <span>{`${plural(trace.matchedSpans, 'span')} ${trace.matchedSpans === 1 ? 'matches' : 'match'}`}</span>}
          {trace.rootMissing && !arriving && (
            <span className={css.missing} title="The trace is named after its earliest orphan.">
              root not stored
            </span>
          )}
        </p>
      </div>
      <div className={css.duration}>
        <span>{formatDuration(trace.durationNs)}</span>
        <span className={css.track}>
          <span className={css.fill} style={{ width: `${(trace.durationNs / longest) * 100}%` }} />
        </span>
      </div>
      <div className={css.counts}>
        <p>{plural(trace.spans, 'span')}</p>
        <p className={css.faults}>
          {trace.errors > 0 && (
            <span className={css.errors}>
              <OctagonX size={12} aria-hidden="true" /> {plural(trace.errors, 'error')}
            </span>
          )}
          {arriving && <span title={`${plural(trace.orphans, 'span')} came before the parent.`}>still arriving</span>}
          {trace.orphans > 0 && !arriving && (
            <span className={css.orphans}>
              <Unlink size={12} aria-hidden="true" /> {plural(trace.orphans, 'orphan')}
            </span>
          )}
        </p>
      </div>
      <ShareBar services={trace.services} marks={marks} />
    </li>
  );
}
