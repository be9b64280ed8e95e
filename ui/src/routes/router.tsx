import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { basePath } from '../api/base';
import { Shell } from '../components/shell/Shell';
import { parseDiffSearch } from '../url/diffSearch';
import { parseQuery, stringifyQuery } from '../url/query';
import { parseTraceSearch } from '../url/traceSearch';
import { parseTracesSearch } from '../url/tracesSearch';
import { NotFound, PageFailure } from './NotFound';
import { TracesPage } from './search/TracesPage';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageFailure });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/traces', replace: true });
  },
});

export const tracesRoute = createRoute({
  getParentRoute: () => root,
  path: '/traces',
  validateSearch: parseTracesSearch,
  component: TracesPage,
});

export const traceRoute = createRoute({
  getParentRoute: () => root,
  path: '/traces/$traceId',
  validateSearch: parseTraceSearch,
  component: lazyRouteComponent(() => import('./trace/TracePage'), 'TracePage'),
});

/** Its fixed name wins over an id at the same place, which no hex digits could spell. */
const diffRoute = createRoute({
  getParentRoute: () => root,
  path: '/traces/diff',
  validateSearch: parseDiffSearch,
  component: lazyRouteComponent(() => import('./diff/DiffPage'), 'DiffPage'),
});

const deletionsRoute = createRoute({
  getParentRoute: () => root,
  path: '/deletions',
  component: lazyRouteComponent(() => import('./deletions/DeletionsPage'), 'DeletionsPage'),
});

export function createAppRouter() {
  return createRouter({
    routeTree: root.addChildren([home, tracesRoute, diffRoute, traceRoute, deletionsRoute]),
    basepath: basePath(),
    parseSearch: parseQuery,
    stringifySearch: stringifyQuery,
    defaultPreload: 'intent',
    defaultErrorComponent: PageFailure,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
