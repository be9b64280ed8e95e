import type { Span } from '../../../api/schema';
import { plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { AttributeTable } from './AttributeTable';
import css from './SpanPanel.module.css';

/** Events in order, and where they fall within the span. */
export function Events({ span }: { span: Span }) {
  const dropped = span.droppedEvents ?? 0;
  if (span.events.length === 0 && dropped === 0) return null;
  const start = BigInt(span.startUnixNano);
  const events = span.events
    .map((event, i) => ({ ...event, i, offset: Number(BigInt(event.timeUnixNano) - start) }))
    .sort((a, b) => a.offset - b.offset || a.i - b.i);
  const share = (offset: number) => (span.durationNs > 0 ? Math.min(Math.max(offset / span.durationNs, 0), 1) * 100 : 0);
  return (
    <section className={css.section}>
      <h3>
        Events <span>{span.events.length}</span>
      </h3>
      <div className={css.eventLine} aria-hidden="true">
        {events.map((event) => (
          <i key={event.i} style={{ left: `${share(event.offset)}%` }} />
        ))}
      </div>
      <ol className={css.events}>
        {events.map((event) => (
          <li key={event.i}>
            <p>
              <code>{formatDuration(event.offset)}</code> <strong>{event.name || 'unnamed event'}</strong>
              {(event.offset < 0 || event.offset > span.durationNs) && <span className={css.warn}> outside the span</span>}
            </p>
            <AttributeTable attributes={event.attributes} label={`Attributes of ${event.name}`} />
          </li>
        ))}
      </ol>
      {dropped > 0 && <p className={css.warn}>{plural(dropped, 'event')} dropped by the sender.</p>}
    </section>
  );
}
