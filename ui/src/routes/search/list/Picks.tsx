import { Link } from '@tanstack/react-router';
import { GitCompareArrows, X } from 'lucide-react';
import { Button, buttonClass } from '../../../components/form/Button';
import type { TracesSearch } from '../../../url/tracesSearch';
import { useTraces } from '../context';
import css from './TraceList.module.css';

/** The params with a trace picked or put back; a third takes the place of the older one. */
export function togglePick({ a, b }: TracesSearch, traceId: string): Pick<TracesSearch, 'a' | 'b'> {
  if (a === traceId) return { a: b, b: undefined };
  if (b === traceId) return { a, b: undefined };
  if (!a) return { a: traceId, b: undefined };
  return b ? { a: b, b: traceId } : { a, b: traceId };
}

/** The traces that were picked to be compared with each other. */
export function Picks() {
  const { search, change } = useTraces();
  const { a, b } = search;
  if (!a) return null;
  return (
    <p className={css.picks} role="status">
      <span>
        Picked <code>{a.slice(0, 8)}</code>
        {b ? (
          <>
            {' '}
            and <code>{b.slice(0, 8)}</code>
          </>
        ) : (
          '; pick another one to compare them'
        )}
      </span>
      {b && (
        <Link className={buttonClass({ small: true, primary: true })} to="/traces/diff" search={{ a, b }}>
          <GitCompareArrows size={14} aria-hidden="true" /> Compare the two
        </Link>
      )}
      <Button quiet small icon aria-label="Put the picked traces back" onClick={() => change({ a: undefined, b: undefined })}>
        <X size={12} aria-hidden="true" />
      </Button>
    </p>
  );
}
