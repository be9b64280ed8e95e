import { Link } from '@tanstack/react-router';
import type { Span } from '../../../api/schema';
import { plural } from '../../../format/count';
import { AttributeTable } from './AttributeTable';
import css from './SpanPanel.module.css';

/** Spans that this one points at, in this trace or another. */
export function Links({ span }: { span: Span }) {
  const dropped = span.droppedLinks ?? 0;
  if (span.links.length === 0 && dropped === 0) return null;
  return (
    <section className={css.section}>
      <h3>
        Links <span>{span.links.length}</span>
      </h3>
      <ol className={css.events}>
        {span.links.map((link, i) => (
          <li key={`${link.traceId} ${link.spanId} ${i}`}>
            <p>
              <Link to="/traces/$traceId" params={{ traceId: link.traceId }} search={{ span: link.spanId }}>
                {link.traceId === span.traceId ? 'this trace' : <code>{link.traceId}</code>}, span <code>{link.spanId}</code>
              </Link>
            </p>
            <AttributeTable attributes={link.attributes} label={`Attributes of link ${i + 1}`} />
          </li>
        ))}
      </ol>
      {dropped > 0 && <p className={css.warn}>{plural(dropped, 'link')} dropped by the sender.</p>}
    </section>
  );
}
