import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { tracesQuery } from '../../api/queries';
import { useShortcuts } from '../../keys/useShortcuts';
import { stripped, type TracesSearch } from '../../url/tracesSearch';
import { usePageTitle } from '../usePageTitle';
import { OpenById } from './OpenById';
import { Results } from './Results';
import { SearchForm } from './SearchForm';
import css from './TracesPage.module.css';

const route = getRouteApi('/traces');

export function TracesPage() {
  usePageTitle('Traces');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(tracesQuery(search));
  const form = useRef<HTMLFormElement>(null);

  const go = (next: TracesSearch) => {
    // The same search again means: ask again.
    if (JSON.stringify(stripped(next)) === JSON.stringify(stripped(search))) void query.refetch();
    else void navigate({ search: next });
  };
  const change = (part: Partial<TracesSearch>) => void navigate({ search: stripped({ ...search, ...part }) });

  useShortcuts([
    { keys: '/', does: 'Go to the search form', group: 'Trace search', run: () => form.current?.querySelector('input')?.focus() },
    { keys: 'r', does: 'Search again', group: 'Trace search', run: () => void query.refetch() },
    {
      keys: 'p',
      does: 'Pause or resume auto-refresh',
      group: 'Trace search',
      run: () => change({ refresh: search.refresh ? undefined : 5 }),
    },
    { keys: 'j', does: 'Next trace', group: 'Trace search', run: () => moveFocus(1) },
    { keys: 'k', does: 'Previous trace', group: 'Trace search', run: () => moveFocus(-1) },
  ]);

  // A failing refresh must not repeat on its own every few seconds unseen.
  const failed = query.isError && search.refresh !== undefined;
  useEffect(() => {
    if (failed) void navigate({ search: stripped({ ...search, refresh: undefined }), replace: true });
  }, [failed, navigate, search]);

  return (
    <div className={css.page}>
      <aside className={css.side} aria-label="Search">
        <SearchForm key={JSON.stringify({ ...search, sort: 0, refresh: 0, plot: 0 })} ref={form} search={search} onSearch={go} busy={query.isFetching} />
        <OpenById />
      </aside>
      <section className={css.results} aria-label="Results">
        <h1 className="visually-hidden">Traces</h1>
        <Results search={search} query={query} onChange={change} onSearch={go} />
      </section>
    </div>
  );
}

function moveFocus(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-trace-link]')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}
