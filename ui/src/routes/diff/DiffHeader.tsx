import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeftRight } from 'lucide-react';
import { buttonClass } from '../../components/form/Button';
import css from './DiffHeader.module.css';
import { TraceSide, type Side } from './TraceSide';

const route = getRouteApi('/traces/diff');

/** What the two traces are, side by side. */
export function DiffHeader({ a, b }: { a: Side; b: Side }) {
  const { only } = route.useSearch();
  return (
    <header className={css.header}>
      <div className={css.title}>
        <Link to="/traces" className={css.back}>
          Traces
        </Link>
        <span aria-hidden="true">/</span>
        <h1>Two traces compared</h1>
        <Link className={`${buttonClass({ small: true })} ${css.swap}`} to="/traces/diff" search={{ a: b.traceId, b: a.traceId, only }}>
          <ArrowLeftRight size={14} aria-hidden="true" /> Swap A and B
        </Link>
      </div>
      <div className={css.sides}>
        <TraceSide letter="A" side={a} />
        <TraceSide letter="B" side={b} />
      </div>
    </header>
  );
}
