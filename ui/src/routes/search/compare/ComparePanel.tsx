import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { comparisonQuery } from '../../../api/searchQueries';
import type { Comparison } from '../../../api/schema';
import { Failure, LoadingRows } from '../../../components/feedback/Notice';
import { Button } from '../../../components/form/Button';
import { formatShare, plural } from '../../../format/count';
import { fieldOf, keyText, literalOf } from '../../../search/attribute';
import { type CohortKind, type Cohorts, cohortsOf } from '../../../search/cohort';
import type { Heatmap } from '../../../search/heatmap';
import { conditionOf, narrowed } from '../../../traceql/filter';
import { stretchIn } from '../../../url/tracesQuery';
import { useTraces } from '../context';
import css from './Compare.module.css';

/** By which values some of the matching spans differ from the others. */
export function ComparePanel({ kind, map }: { kind: CohortKind; map: Heatmap | null }) {
  const { search, question, change } = useTraces();
  const cohorts = cohortsOf(kind, question, map, stretchIn(search));
  const close = () => change({ compare: undefined });
  return (
    <section className={css.panel} aria-label="Comparison">
      <div className={css.head}>
        <h2>What sets {cohorts?.name ?? 'them'} apart</h2>
        <Button quiet small icon aria-label="Close the comparison" onClick={close}>
          <X size={16} aria-hidden="true" />
        </Button>
      </div>
      {cohorts ? <Answer cohorts={cohorts} /> : <p className={css.note}>There are not two sets to compare: all matching spans take about as long.</p>}
    </section>
  );
}

function Answer({ cohorts }: { cohorts: Cohorts }) {
  const { data, error, isPlaceholderData, refetch } = useQuery(comparisonQuery(cohorts.selection, cohorts.baseline, cohorts.window));
  if (error) return <Failure title="The comparison failed" error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows rows={4} label="Comparing" />;
  return (
    <div className={isPlaceholderData ? css.stale : undefined}>
      <p className={css.note} role="status">
        {plural(data.selection.spans, 'span')} against {plural(data.baseline.spans, 'other span')}, by {plural(data.comparedKeys, 'key')}. What a few spans do by chance is left out.
      </p>
      {data.partial && (
        <p className={css.partial} role="alert">
          Not all was read: {data.partial}
        </p>
      )}
      {data.notes?.map((note) => (
        <p key={note} className={css.note}>
          {note}
        </p>
      ))}
      <Differences data={data} trivial={cohorts.trivial} />
    </div>
  );
}

/** Values of one key that are worth a row. */
const VALUES = 3;

function Differences({ data, trivial }: { data: Comparison; trivial: readonly string[] }) {
  const { search, change } = useTraces();
  const told = data.keys.flatMap(({ key, values }) => {
    const worth = trivial.includes(keyText(key)) ? [] : values.filter(({ score }) => score > 0).slice(0, VALUES);
    return worth.map((value, i) => ({ key, value, first: i === 0, rows: worth.length }));
  });
  if (told.length === 0) return <p className={css.note}>No value of any key tells the two sets apart.</p>;
  return (
    <table className={css.table} aria-label="Values that differ most">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
          <th scope="col">These</th>
          <th scope="col">Others</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {told.map(({ key, value, first, rows }) => {
          const field = fieldOf(key);
          const literal = literalOf(key, value);
          const text = value.type === 'absent' ? 'without a value' : value.text || '(empty)';
          return (
            <tr key={`${key.scope}.${key.name}\0${value.type}\0${value.text}`}>
              {first && (
                <th scope="row" rowSpan={rows}>
                  {key.scope !== 'intrinsic' && <span className={css.scope}>{key.scope}.</span>}
                  {key.name}
                </th>
              )}
              <td className={css.value}>
                {field && literal ? (
                  <Button quiet small title="Search for these only" onClick={() => change({ q: narrowed(search.q ?? '', [conditionOf({ field, op: '=', values: [literal] })]) })}>
                    <span>{text}</span>
                  </Button>
                ) : (
                  <span>{text}</span>
                )}
              </td>
              <td>
                <Share share={value.selectionShare} of="these" />
              </td>
              <td>
                <Share share={value.baselineShare} of="others" />
              </td>
              <td className={css.score}>{value.selectionShare > value.baselineShare ? 'more often here' : 'less often here'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Share({ share, of }: { share: number; of: 'these' | 'others' }) {
  return (
    <span className={css.share}>
      <span className={css.number}>{formatShare(share)}</span>
      <span className={css.track}>
        <span className={of === 'these' ? css.these : css.others} style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
