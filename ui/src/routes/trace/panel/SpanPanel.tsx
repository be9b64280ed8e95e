import { useQuery, useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useEffect } from 'react';
import { spanQuery } from '../../../api/queries';
import type { Span } from '../../../api/schema';
import { Failure, LoadingRows } from '../../../components/feedback/Notice';
import { Button } from '../../../components/form/Button';
import { CopyButton } from '../../../components/form/CopyButton';
import { KindIcon } from '../../../components/service/KindIcon';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { kindAt, markAt, operationAt, serviceAt, type TraceModel } from '../../../trace/model';
import { rowsOfId, spanIdAt } from '../../../trace/spanId';
import { positionOf } from '../../../trace/visibleRows';
import { useTrace } from '../context';
import { AttributeSections } from './AttributeSections';
import { Events } from './Events';
import { Links } from './Links';
import css from './SpanPanel.module.css';
import { SpanFacts } from './SpanFacts';

/** Rows on either side whose details are fetched along, so that j and k are instant. */
const NEIGHBOURS = 10;

/** The details of one span, beside the rows. */
export function SpanPanel({ row }: { row: number }) {
  const { trace, change, rows } = useTrace();
  const { visible } = rows;
  const { traceId } = trace.skeleton.header;
  const spanId = spanIdAt(trace.skeleton.id, row);
  const { data, error, refetch } = useQuery(spanQuery(traceId, spanId));
  const client = useQueryClient();

  useEffect(() => {
    const at = Math.max(0, positionOf(visible, row));
    for (const near of visible.subarray(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS)) {
      void client.prefetchQuery(spanQuery(traceId, spanIdAt(trace.skeleton.id, near)));
    }
  }, [client, trace, traceId, visible, row]);

  const span = data && spanOfRow(trace, row, data);
  return (
    <aside className={css.panel} aria-label="Span details">
      <header className={css.head}>
        <div className={css.title}>
          <ServiceMark mark={markAt(trace, row)} />
          <KindIcon kind={kindAt(trace, row)} />
          <h2>{operationAt(trace, row)}</h2>
          <Button quiet small icon aria-label="Close the details" onClick={() => change({ span: undefined })}>
            <X size={16} aria-hidden="true" />
          </Button>
        </div>
        <p className={css.sub}>
          {serviceAt(trace, row)} · {kindAt(trace, row)} · <code>{spanId}</code> <CopyButton text={spanId} label="Copy the span id" />
        </p>
      </header>
      <div className={css.body} tabIndex={0} role="region" aria-label={`Details of ${operationAt(trace, row)}`}>
        <SpanFacts row={row} span={span} />
        {error && <Failure title="The details could not be fetched" error={error} onRetry={() => void refetch()} />}
        {!data && !error && <LoadingRows rows={6} label="Fetching the details" />}
        {span && (
          <>
            <AttributeSections span={span} />
            <Events span={span} />
            <Links span={span} />
          </>
        )}
      </div>
    </aside>
  );
}

/** Shared and conflicting ids have several spans; the row says which one it is. */
function spanOfRow(trace: TraceModel, row: number, spans: readonly Span[]): Span | undefined {
  const { header, start, duration } = trace.skeleton;
  const offset = (span: Span) => Number(BigInt(span.startUnixNano) - BigInt(header.startUnixNano));
  const fits = (span: Span) =>
    span.service === serviceAt(trace, row) &&
    span.kind === kindAt(trace, row) &&
    span.name === operationAt(trace, row) &&
    span.durationNs === duration[row] &&
    offset(span) === start[row];
  const nth = rowsOfId(trace.skeleton.id, spans[0]?.spanId ?? '').indexOf(row);
  return spans.find(fits) ?? spans[nth] ?? spans[0];
}
