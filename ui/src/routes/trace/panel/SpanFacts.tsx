import { OctagonX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Span } from '../../../api/schema';
import { formatShare } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { addNs, formatInstant } from '../../../format/time';
import { Flag } from '../../../trace/flags';
import { hasFlag, hostAt, operationAt, serviceAt, sinceStart } from '../../../trace/model';
import { useTrace } from '../context';
import css from './SpanPanel.module.css';

/** What is known of a span without asking: times, status, place in the tree. */
export function SpanFacts({ row, span }: { row: number; span: Span | undefined }) {
  const { trace, times, corrected, select } = useTrace();
  const { header, duration, parent } = trace.skeleton;
  const length = duration[row]!;
  const host = hostAt(trace, row);
  const skew = host?.skewNs ?? 0;
  const up = parent[row]!;
  return (
    <>
      <Status row={row} span={span} />
      <dl className={css.facts}>
        <Fact name="Duration">{formatDuration(length)}</Fact>
        <Fact name="Self time">
          {formatDuration(times.self[row]!)}
          {length > 0 && <small> {formatShare(times.self[row]! / length)}</small>}
        </Fact>
        <Fact name="Starts at">{formatDuration(sinceStart(times, row))}</Fact>
        <Fact name="Absolute">{formatInstant(addNs(header.startUnixNano, times.start[row]!))}</Fact>
        {host?.name && <Fact name="Host">{host.name}</Fact>}
        {corrected && skew !== 0 && (
          <Fact name="Clock">
            moved by {formatDuration(skew)}; recorded {formatInstant(addNs(header.startUnixNano, trace.recorded.start[row]!))}
          </Fact>
        )}
        <Fact name="Parent">
          {up >= 0 ? (
            <button type="button" className={css.link} onClick={() => select(up)}>
              {serviceAt(trace, up)} {operationAt(trace, up)}
            </button>
          ) : hasFlag(trace, row, Flag.orphan) ? (
            <span className={css.warn}>{span?.parentSpanId ? `${span.parentSpanId}, not stored` : 'named, but not stored'}</span>
          ) : (
            'none: a root'
          )}
        </Fact>
        {span?.traceState && <Fact name="Trace state">{span.traceState}</Fact>}
      </dl>
      {span?.notes && span.notes.length > 0 && (
        <ul className={css.notes} aria-label="Notes">
          {span.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Status({ row, span }: { row: number; span: Span | undefined }) {
  const { trace } = useTrace();
  if (!hasFlag(trace, row, Flag.error)) return null;
  return (
    <p className={css.status}>
      <OctagonX size={14} aria-hidden="true" />
      <span>
        <strong>Error</strong> {span?.status.message}
      </span>
    </p>
  );
}
