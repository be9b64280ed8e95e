import { useQuery } from '@tanstack/react-query';
import { keysQuery } from '../../../api/queries';
import type { Overview } from '../../../api/schema';
import { LoadingRows } from '../../../components/feedback/Notice';
import { Combobox } from '../../../components/form/Combobox';
import { useState } from 'react';
import { fieldOf, keyText } from '../../../search/attribute';
import { MOST_FACETS } from '../../../url/tracesSearch';
import { useTraces } from '../context';
import { FacetSection } from './FacetSection';
import css from './Facets.module.css';

/** Keys that are always listed. */
export const FIRST_KEYS = ['resource.service.name', 'intrinsic.name', 'intrinsic.status', 'intrinsic.kind'];

/** What the matching spans consist of, key by key; a click on a value narrows the search. */
export function Facets({ overview, stale }: { overview: Overview | undefined; stale: boolean }) {
  const { search, change } = useTraces();
  if (!overview) return <LoadingRows rows={10} label="Counting values" />;
  const added = search.facet ?? [];
  const remove = (key: string) => change({ facet: added.length > 1 ? added.filter((other) => other !== key) : undefined });
  return (
    <div className={stale ? `${css.facets} ${css.stale}` : css.facets}>
      {overview.facets.map((facet) => {
        const text = keyText(facet.key);
        return <FacetSection key={text} facet={facet} all={overview.spans} onRemove={added.includes(text) ? () => remove(text) : undefined} />;
      })}
      <AddFacet onAdd={(key) => change({ facet: [...added.filter((other) => other !== key), key].slice(-MOST_FACETS) })} />
    </div>
  );
}

function AddFacet({ onAdd }: { onAdd: (key: string) => void }) {
  const { search } = useTraces();
  const [text, setText] = useState('');
  const keys = useQuery(keysQuery(search));
  const known = new Map((keys.data?.keys ?? []).map((key) => [fieldOf(key) ?? '', key]));
  const commit = (field: string) => {
    const key = known.get(field) ?? [...known.values()].find(({ name }) => name === field);
    if (!key) return;
    onAdd(keyText(key));
    setText('');
  };
  return (
    <Combobox
      label="List the values of"
      placeholder="any key"
      value={text}
      choices={[...known].map(([value, { types }]) => ({ value, note: types.join(', ') }))}
      loading={keys.isPending}
      hint={keys.error?.message}
      onChange={setText}
      onCommit={commit}
    />
  );
}
