import { Pause, Play, X } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TailSpan } from '../../../api/schema';
import { Failure, Notice } from '../../../components/feedback/Notice';
import { Button } from '../../../components/form/Button';
import { formatCount, plural } from '../../../format/count';
import { useShortcuts } from '../../../keys/useShortcuts';
import { MOST_ROWS, type Tail } from '../../../search/tail';
import { assignMarks } from '../../../trace/serviceColor';
import { useTraces } from '../context';
import css from './LiveTail.module.css';
import { TailRow } from './TailRow';
import { useTail } from './useTail';

/** Matching spans as they arrive, the newest on top. */
export function LiveTail() {
  const { search, change } = useTraces();
  const { tail, state, error, partial, pause, retry } = useTail(search.q ?? '');
  const toggle = () => pause(!tail.paused);
  useShortcuts([{ keys: 'p', does: 'Pause or resume the live tail', group: 'Live tail', run: toggle }]);
  const services = useServices(tail.rows);
  const marks = useMemo(() => new Map(assignMarks(services).map((mark) => [mark.name, mark])), [services]);

  return (
    <section className={css.tail} aria-label="Live tail">
      <header className={css.head}>
        <h2>
          <span className={state === 'open' && !tail.paused ? `${css.lamp} ${css.on}` : css.lamp} aria-hidden="true" />
          {state === 'connecting' ? 'Connecting' : state === 'failed' ? 'Stopped' : tail.paused ? 'Paused' : 'Live'}
        </h2>
        <p className={css.counts}>{countsText(tail)}</p>
        <span className={css.tools}>
          <Button small onClick={toggle} disabled={state === 'failed'} title="p">
            {tail.paused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />}
            {tail.paused ? `Resume${tail.waiting.length > 0 ? `, ${plural(tail.waiting.length, 'span')} waiting` : ''}` : 'Pause'}
          </Button>
          <Button small onClick={() => change({ live: undefined })} title="l">
            <X size={14} aria-hidden="true" /> Back to the search
          </Button>
        </span>
      </header>
      <Announcer tail={tail} />
      {partial && <p className={css.note}>Not all was read: {partial}</p>}
      {error && <Failure title="The live tail ended" error={error} onRetry={retry} />}
      {tail.rows.length === 0 && !error && (
        <Notice title="Waiting for spans">
          <p>{search.q ? 'New spans that match the query are listed here as they arrive.' : 'New spans are listed here as they arrive.'} Those that were there before are found by the search.</p>
        </Notice>
      )}
      {tail.rows.length > 0 && (
        <div className={css.scroll} tabIndex={0} role="region" aria-label="New spans">
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Begun</th>
                <th scope="col">Service</th>
                <th scope="col">Operation</th>
                <th scope="col">Duration</th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              {tail.rows.map((span) => (
                <TailRow key={`${span.traceId}${span.spanId}${span.startUnixNano}${span.kind}`} span={span} mark={marks.get(span.service)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function countsText({ rows, matched, dropped, forgotten }: Tail): string {
  const parts = [`${plural(matched, 'new span')} so far, the newest ${formatCount(rows.length)} listed`];
  if (dropped > 0) parts.push(`${formatCount(dropped)} came too fast to be sent`);
  if (forgotten > 0) parts.push(`${formatCount(forgotten)} made room for newer ones (${MOST_ROWS} are kept)`);
  return `${parts.join('; ')}.`;
}

/** Services in the order in which they were first seen, so that colours stay. */
function useServices(rows: readonly TailSpan[]): readonly string[] {
  const [services, setServices] = useState<readonly string[]>([]);
  const news = [...new Set(rows.map(({ service }) => service))].filter((name) => !services.includes(name));
  if (news.length === 0) return services;
  const all = [...services, ...news];
  setServices(all);
  return all;
}

const EVERY_MS = 2000;

/** Tells a screen reader what came, at most every two seconds and never while paused. */
function Announcer({ tail }: { tail: Tail }) {
  const [said, setSaid] = useState('');
  const latest = useRef(tail);
  useEffect(() => {
    latest.current = tail;
  });
  useEffect(() => {
    let told = latest.current.matched;
    const timer = setInterval(() => {
      const { matched, paused, rows } = latest.current;
      if (paused || matched === told) return;
      const failed = rows.slice(0, matched - told).filter(({ error }) => error).length;
      setSaid(`${plural(matched - told, 'new span')}${failed > 0 ? `, ${failed} failed` : ''}`);
      told = matched;
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="visually-hidden" role="status" aria-live="polite">
      {said}
    </p>
  );
}
