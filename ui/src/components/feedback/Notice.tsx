import { Info, OctagonAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../form/Button';
import css from './Notice.module.css';

export function Notice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className={css.notice}>
      <Info className={css.icon} size={16} aria-hidden="true" />
      <div className={css.body}>
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}

interface FailureProps {
  title: string;
  error: Error;
  onRetry?: () => void;
  children?: ReactNode;
}

/** Something went wrong: the server's own words, and what can be done. */
export function Failure({ title, error, onRetry, children }: FailureProps) {
  return (
    <section className={`${css.notice} ${css.error}`} role="alert">
      <OctagonAlert className={css.icon} size={16} aria-hidden="true" />
      <div className={css.body}>
        <h2>{title}</h2>
        <p>{error.message}</p>
        {children}
        {onRetry && (
          <div className={css.actions}>
            <Button onClick={onRetry}>Try again</Button>
          </div>
        )}
      </div>
    </section>
  );
}

/** Grey bars where rows are going to be. */
export function LoadingRows({ rows, label }: { rows: number; label: string }) {
  return (
    <div className={css.bars} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className={css.bar} style={{ width: `${100 - ((i * 37) % 40)}%` }} />
      ))}
    </div>
  );
}
