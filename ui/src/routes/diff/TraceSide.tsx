import { Link } from '@tanstack/react-router';
import { formatCount } from '../../format/count';
import { formatDuration } from '../../format/duration';
import { formatDateTime, nsToDate, zoneName } from '../../format/time';
import type { TraceFacts } from '../../trace/skeletonFacts';
import css from './DiffHeader.module.css';

export interface Side {
  traceId: string;
  /** Absent until they are loaded. */
  facts?: TraceFacts;
  error: Error | null;
}

/** One of the two traces: what it is, and the way to it. */
export function TraceSide({ letter, side: { traceId, facts, error } }: { letter: 'A' | 'B'; side: Side }) {
  return (
    <section className={css.side} aria-label={`Trace ${letter}`}>
      <h2 className={css.name}>
        <span className={css.letter}>{letter}</span>
        <Link to="/traces/$traceId" params={{ traceId }}>
          {facts ? `${facts.service || 'unnamed service'} ${facts.name || 'unnamed operation'}` : traceId}
        </Link>
        {facts?.rootMissing && <span className={css.missing}>root not stored</span>}
      </h2>
      {facts && <Facts traceId={traceId} facts={facts} />}
      {error && <p className={css.problem}>{error.message}</p>}
    </section>
  );
}

function Facts({ traceId, facts }: { traceId: string; facts: TraceFacts }) {
  const start = nsToDate(facts.startUnixNano);
  const counts: Array<[name: string, count: number]> = [
    ['Spans', facts.spans],
    ['Services', facts.services],
    ['Errors', facts.errors],
  ];
  return (
    <dl className={css.facts}>
      <div>
        <dt>Start</dt>
        <dd>
          <time dateTime={start.toISOString()}>{formatDateTime(start)}</time> {zoneName(start)}
        </dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>{formatDuration(facts.durationNs)}</dd>
      </div>
      {counts.map(([name, count]) => (
        <div key={name} data-tone={name === 'Errors' && count > 0 ? 'error' : undefined}>
          <dt>{name}</dt>
          <dd>{formatCount(count)}</dd>
        </div>
      ))}
      <div>
        <dt>Id</dt>
        <dd>{traceId}</dd>
      </div>
    </dl>
  );
}
