import { Button } from '../../../components/form/Button';
import { type CohortKind, cohortsOf } from '../../../search/cohort';
import type { Heatmap } from '../../../search/heatmap';
import { stretchIn } from '../../../url/tracesQuery';
import { useTraces } from '../context';

const NAMES: ReadonlyArray<readonly [kind: CohortKind, name: string, title: string]> = [
  ['slow', 'Slow', 'What the slowest tenth has more often than the rest'],
  ['failed', 'Failed', 'What failed spans have more often than the rest'],
  ['chosen', 'Chosen', 'What the chosen spans have more often than others of that time; choose durations in the heatmap'],
];

/** Asks what some of the matching spans have in common. */
export function CompareMenu({ map }: { map: Heatmap | null }) {
  const { search, question, change } = useTraces();
  return (
    <span role="group" aria-label="Explain">
      Explain:{' '}
      {NAMES.map(([kind, name, title]) => (
        <Button
          key={kind}
          small
          quiet
          title={title}
          aria-pressed={search.compare === kind}
          disabled={search.compare !== kind && !cohortsOf(kind, question, map, stretchIn(search))}
          onClick={() => change({ compare: search.compare === kind ? undefined : kind })}
        >
          {name}
        </Button>
      ))}
    </span>
  );
}
