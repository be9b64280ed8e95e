import { Link } from '@tanstack/react-router';
import type { TraceSummary } from '../../api/schema';
import { formatCount } from '../../format/count';
import { formatDuration } from '../../format/duration';
import { formatDateTime, nsToDate } from '../../format/time';
import css from './Plot.module.css';

/** The plot's numbers for those who cannot see it, or want to copy them. */
export function PlotTable({ traces }: { traces: readonly TraceSummary[] }) {
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Shown traces as a table">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Start</th>
            <th scope="col">Root</th>
            <th scope="col">Duration</th>
            <th scope="col">Spans</th>
            <th scope="col">Errors</th>
          </tr>
        </thead>
        <tbody>
          {traces.map((trace) => (
            <tr key={trace.traceId}>
              <td>{formatDateTime(nsToDate(trace.startUnixNano))}</td>
              <td>
                <Link to="/traces/$traceId" params={{ traceId: trace.traceId }}>
                  {trace.rootService} {trace.rootName}
                </Link>
              </td>
              <td>{formatDuration(trace.durationNs)}</td>
              <td>{formatCount(trace.spans)}</td>
              <td>{formatCount(trace.errors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
