import { useQuery } from '@tanstack/react-query';
import { diffQuery, traceFactsQuery } from '../../api/diffQueries';
import { Failure, LoadingRows, Notice } from '../../components/feedback/Notice';
import { ChooseTraces } from './ChooseTraces';
import { Comparison } from './Comparison';
import { DiffHeader } from './DiffHeader';
import css from './DiffView.module.css';

/** Two traces that are known by their ids. */
export function DiffView({ a, b }: { a: string; b: string }) {
  const diff = useQuery(diffQuery(a, b));
  const factsA = useQuery(traceFactsQuery(a));
  const factsB = useQuery(traceFactsQuery(b));
  return (
    <div className={css.page}>
      <DiffHeader a={{ traceId: a, facts: factsA.data, error: factsA.error }} b={{ traceId: b, facts: factsB.data, error: factsB.error }} />
      {diff.error ? (
        <div className={css.body}>
          <Failure title="The traces could not be compared" error={diff.error} onRetry={() => void diff.refetch()} />
          <ChooseTraces a={a} b={b} />
        </div>
      ) : !diff.data ? (
        <div className={css.body}>
          <LoadingRows rows={12} label="Comparing the traces" />
        </div>
      ) : diff.data.nodes.length === 0 ? (
        <div className={css.body}>
          <Notice title="Neither trace has a span" />
        </div>
      ) : (
        <Comparison diff={diff.data} a={factsA.data} b={factsB.data} />
      )}
    </div>
  );
}
