import { getRouteApi, Link } from '@tanstack/react-router';
import { Failure, LoadingRows } from '../../components/feedback/Notice';
import { normalTraceId } from '../../url/traceSearch';
import pageCss from '../Page.module.css';
import { usePageTitle } from '../usePageTitle';
import { TraceView } from './TraceView';
import { useOpenTrace } from './useOpenTrace';

const route = getRouteApi('/traces/$traceId');

export function TracePage() {
  const { traceId } = route.useParams();
  usePageTitle(`Trace ${traceId.slice(0, 8)}`);
  const id = normalTraceId(traceId);
  if (!id) {
    return (
      <div className={pageCss.page}>
        <h1 className="visually-hidden">Trace</h1>
        <Failure title="That is not a trace id" error={new Error(`“${traceId}” is not 1 to 32 hex digits.`)}>
          <Link to="/traces">Search traces</Link>
        </Failure>
      </div>
    );
  }
  return <KnownTrace key={id} traceId={id} />;
}

function KnownTrace({ traceId }: { traceId: string }) {
  const { opening, reload } = useOpenTrace(traceId);
  switch (opening.state) {
    case 'loading':
      return (
        <div className={pageCss.page}>
          <h1 className="visually-hidden">Trace</h1>
          <LoadingRows rows={16} label="Loading the trace" />
        </div>
      );
    case 'failed':
      return (
        <div className={pageCss.page}>
          <h1 className="visually-hidden">Trace</h1>
          <Failure title="The trace could not be opened" error={opening.error} onRetry={reload}>
            <Link to="/traces">Search traces</Link>
          </Failure>
        </div>
      );
    case 'open':
      return <TraceView trace={opening.trace} worker={opening.worker} onReload={reload} />;
  }
}
