import { getRouteApi } from '@tanstack/react-router';
import { Notice } from '../../components/feedback/Notice';
import pageCss from '../Page.module.css';
import { usePageTitle } from '../usePageTitle';
import { ChooseTraces } from './ChooseTraces';
import css from './DiffPage.module.css';
import { DiffView } from './DiffView';

const route = getRouteApi('/traces/diff');

/** Two traces, path by path: what only one of them has, and what took longer. */
export function DiffPage() {
  const { a, b } = route.useSearch();
  usePageTitle(a && b ? `${a.slice(0, 8)} and ${b.slice(0, 8)} compared` : 'Compare two traces');
  if (a && b && a !== b) return <DiffView key={`${a} ${b}`} a={a} b={b} />;
  return (
    <div className={`${pageCss.page} ${css.choose}`}>
      <h1>Compare two traces</h1>
      {a && a === b && (
        <Notice title="That is the same trace twice">
          <p>A trace does not differ from itself. Choose another one to compare it with.</p>
        </Notice>
      )}
      <ChooseTraces key={`${a} ${b}`} a={a} b={a === b ? undefined : b} />
    </div>
  );
}
