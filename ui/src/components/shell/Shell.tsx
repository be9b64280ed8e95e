import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { CircleHelp, Search } from 'lucide-react';
import { lazy, Suspense, useRef } from 'react';
import { statusQuery } from '../../api/queries';
import { useShortcuts } from '../../keys/useShortcuts';
import { useOverlay } from '../../state/overlay';
import { Button } from '../form/Button';
import { Logo } from './Logo';
import css from './Shell.module.css';
import { StoreStatus } from './StoreStatus';
import { ThemeSwitch } from './ThemeSwitch';

const Palette = lazy(() => import('./Palette'));
const Help = lazy(() => import('./Help'));
const COMMAND_KEY = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K';

export function Shell() {
  const { shown, show } = useOverlay();
  const navigate = useNavigate();
  const { data: status } = useQuery(statusQuery());
  const main = useRef<HTMLElement>(null);

  useShortcuts([
    { keys: '?', does: 'Show the keyboard shortcuts', group: 'Everywhere', run: () => show('help') },
    { keys: 'Mod+k', does: 'Open the command palette', group: 'Everywhere', run: () => show(shown === 'palette' ? null : 'palette') },
    { keys: 'g t', does: 'Go to trace search', group: 'Everywhere', run: () => void navigate({ to: '/traces' }) },
  ]);

  return (
    <div className={css.shell}>
      <Button className={css.skip} onClick={() => main.current?.focus()}>
        Skip to content
      </Button>
      <header className={css.bar}>
        <Link to="/traces" className={css.brand}>
          <Logo /> heddle
        </Link>
        <nav className={css.nav} aria-label="Pages">
          <Link to="/traces" activeOptions={{ includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
            Traces
          </Link>
          {status?.deletes && (
            <Link to="/deletions" activeProps={{ 'aria-current': 'page' }}>
              Deletions
            </Link>
          )}
        </nav>
        <div className={css.end}>
          <StoreStatus />
          <Button small className={css.search} onClick={() => show('palette')} aria-keyshortcuts="Control+K Meta+K">
            <Search size={14} aria-hidden="true" /> Go to… <kbd>{COMMAND_KEY}</kbd>
          </Button>
          <ThemeSwitch />
          <Button quiet small icon aria-label="Keyboard shortcuts" onClick={() => show('help')}>
            <CircleHelp size={16} aria-hidden="true" />
          </Button>
        </div>
      </header>
      <main className={css.main} ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense fallback={null}>
        {shown === 'palette' && <Palette onClose={() => show(null)} />}
        {shown === 'help' && <Help onClose={() => show(null)} />}
      </Suspense>
    </div>
  );
}
