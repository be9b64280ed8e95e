import { Download, RefreshCw, Trash2 } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { jaegerJsonUrl } from '../../api/client';
import { Button, buttonClass } from '../../components/form/Button';
import { CopyButton } from '../../components/form/CopyButton';
import { ServiceMark } from '../../components/service/ServiceMark';
import { formatDuration } from '../../format/duration';
import { formatInstant, zoneName, nsToDate } from '../../format/time';
import { leadRow, markAt, operationAt, serviceAt } from '../../trace/model';
import { useTrace } from './context';
import { factsOf } from './facts';
import css from './TraceHeader.module.css';

const DeleteTrace = lazy(() => import('./DeleteTrace'));

export function TraceHeader({ onReload }: { onReload: () => void }) {
  const { trace, times, corrected } = useTrace();
  const { header } = trace.skeleton;
  if (header.rows === 0) return null;
  const lead = leadRow(trace);
  const length = times.whole.to - times.whole.from;
  return (
    <header className={css.header}>
      <div className={css.title}>
        <Link to="/traces" className={css.back}>
          Traces
        </Link>
        <span aria-hidden="true">/</span>
        <ServiceMark mark={markAt(trace, lead)} />
        <h1 className={css.name}>
          <strong>{serviceAt(trace, lead)}</strong> {operationAt(trace, lead)}
        </h1>
        <div className={css.tools}>
          <code className={css.id}>{header.traceId}</code>
          <CopyButton text={header.traceId} label="Copy the trace id" />
          <a className={buttonClass({ small: true })} href={jaegerJsonUrl(header.traceId)} target="_blank" rel="noreferrer">
            Jaeger JSON
          </a>
          <a className={buttonClass({ small: true, icon: true })} href={jaegerJsonUrl(header.traceId)} download={`trace-${header.traceId}.json`} aria-label="Download as Jaeger JSON" title="Download as Jaeger JSON">
            <Download size={14} aria-hidden="true" />
          </a>
          <Button small icon aria-label="Load the trace again" onClick={onReload}>
            <RefreshCw size={14} aria-hidden="true" />
          </Button>
          <DeleteButton traceId={header.traceId} />
        </div>
      </div>
      <dl className={css.facts}>
        <div>
          <dt>Start</dt>
          <dd>
            <time dateTime={nsToDate(header.startUnixNano).toISOString()}>{formatInstant(header.startUnixNano)}</time> {zoneName(nsToDate(header.startUnixNano))}
          </dd>
        </div>
        <div>
          <dt>Duration</dt>
          <dd>
            {formatDuration(length)}
            {corrected && length !== header.durationNs && ` (recorded ${formatDuration(header.durationNs)})`}
          </dd>
        </div>
        {factsOf(trace).map(({ name, text, tone }) => (
          <div key={name} data-tone={tone}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {header.notes && header.notes.length > 0 && (
        <ul className={css.notes} aria-label="Notes">
          {header.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </header>
  );
}

function DeleteButton({ traceId }: { traceId: string }) {
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button ref={button} small icon aria-label="Delete this trace…" aria-haspopup="dialog" onClick={() => setAsking(true)}>
        <Trash2 size={14} aria-hidden="true" />
      </Button>
      <Suspense fallback={null}>{asking && <DeleteTrace traceId={traceId} returnTo={button} onClose={() => setAsking(false)} />}</Suspense>
    </>
  );
}
