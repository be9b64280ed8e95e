import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { Failure, Notice } from '../components/feedback/Notice';
import { usePageTitle } from './usePageTitle';
import css from './Page.module.css';

export function NotFound() {
  usePageTitle('Not found');
  return (
    <div className={css.page}>
      <h1 className="visually-hidden">Not found</h1>
      <Notice title="There is no page at this address">
        <p>
          The link may be from another version of heddle. <Link to="/traces">Search traces</Link>
        </p>
      </Notice>
    </div>
  );
}

export function PageFailure({ error, reset }: ErrorComponentProps) {
  return (
    <div className={css.page}>
      <h1 className="visually-hidden">Failed</h1>
      <Failure title="This page failed" error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
    </div>
  );
}
