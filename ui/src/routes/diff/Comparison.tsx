import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Diff } from '../../api/schema';
import { Button } from '../../components/form/Button';
import { plural } from '../../format/count';
import type { TraceFacts } from '../../trace/skeletonFacts';
import css from './Comparison.module.css';
import { DiffTable } from './DiffTable';
import { prunedTo, treeOf } from './diffTree';
import { durationSentence, pathsSentence } from './sentence';
import { differs } from './verdict';

const route = getRouteApi('/traces/diff');

/** What differs: in a sentence, then path by path. */
export function Comparison({ diff, a, b }: { diff: Diff; a?: TraceFacts; b?: TraceFacts }) {
  const { only } = route.useSearch();
  const navigate = route.useNavigate();
  const tree = useMemo(() => treeOf(only ? prunedTo(diff.nodes, differs) : diff.nodes), [diff, only]);
  const toggle = () => void navigate({ search: (search) => ({ ...search, only: only ? undefined : 'differences' }), replace: true });
  return (
    <>
      <div className={css.bar}>
        <p role="status">
          {a && b && durationSentence(a.durationNs, b.durationNs)} {pathsSentence(diff.nodes)}
        </p>
        <Button small aria-pressed={only !== undefined} onClick={toggle}>
          Only what differs
        </Button>
      </div>
      <Omissions diff={diff} />
      {tree.paths.length > 0 && <DiffTable key={only ?? 'all'} tree={tree} />}
    </>
  );
}

/** What the answer does not hold. */
function Omissions({ diff }: { diff: Diff }) {
  const said = [
    ...(['a', 'b'] as const)
      .filter((side) => diff[side].foldedSpans > 0)
      .map((side) => `${plural(diff[side].foldedSpans, 'span')} of ${side.toUpperCase()} are not compared: the trace has more paths than fit in an answer.`),
    ...(diff.partial ? [`Not all was read: ${diff.partial}`] : []),
  ];
  if (said.length === 0) return null;
  return (
    <ul className={css.omissions} aria-label="Not compared">
      {said.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}
