import { Fragment } from 'react';
import { Button } from '../../../components/form/Button';
import { formatCount, plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { formatDateTime, nsToDate } from '../../../format/time';
import { coarsened, type Heatmap, type Stretch, stretchOf } from '../../../search/heatmap';
import css from './Heatmap.module.css';

const MOST_COLUMNS = 30;
const MOST_ROWS = 8;

/** The heatmap's numbers for those who cannot see or drag it: a row for a stretch of time, a column for one of durations. */
export function HeatmapTable({ map, onChoose }: { map: Heatmap; onChoose: (stretch: Stretch) => void }) {
  const table = coarsened(map, MOST_COLUMNS, MOST_ROWS);
  const bounds = table.lowerBoundsNs;
  const all = { firstColumn: 0, lastColumn: table.columns - 1, firstRow: 0, lastRow: bounds.length - 1 };
  const sum = (counts: readonly number[], column: number) => bounds.reduce((n, _, row) => n + counts[column * bounds.length + row]!, 0);
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Durations over time as a table">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Begins at</th>
            {bounds.map((bound, row) => (
              <th key={bound} scope="col">
                <Button quiet small onClick={() => onChoose(stretchOf(table, { ...all, firstRow: row, lastRow: row }))} title="Choose these durations">
                  {bandText(bounds, row)}
                </Button>
              </th>
            ))}
            <th scope="col">All</th>
            <th scope="col">Errors</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: table.columns }, (_, column) => {
            const begins = stretchOf(table, { ...all, firstColumn: column, lastColumn: column });
            if (sum(table.spans, column) === 0) return <Fragment key={String(begins.from)} />;
            return (
              <tr key={String(begins.from)}>
                <th scope="row">
                  <Button quiet small onClick={() => onChoose(begins)} title="Choose this time">
                    {formatDateTime(nsToDate(String(begins.from)))}
                  </Button>
                </th>
                {bounds.map((bound, row) => (
                  <td key={bound}>{formatCount(table.spans[column * bounds.length + row]!)}</td>
                ))}
                <td>{formatCount(sum(table.spans, column))}</td>
                <td>{formatCount(sum(table.errors, column))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className={css.foot}>
        Times without spans are left out. A row is {formatDuration(table.stepNs)} long; {plural(bounds.length, 'column')} of durations.
      </p>
    </div>
  );
}

function bandText(bounds: readonly number[], row: number): string {
  const next = bounds[row + 1];
  if (next === undefined) return `${formatDuration(bounds[row]!)} and more`;
  return row === 0 ? `below ${formatDuration(next)}` : `${formatDuration(bounds[row]!)} to ${formatDuration(next)}`;
}
