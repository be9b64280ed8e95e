import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '../../../api/queries';
import { Notice } from '../../../components/feedback/Notice';
import { Button } from '../../../components/form/Button';
import { CopyButton } from '../../../components/form/CopyButton';
import { formatDateTime, nsToDate } from '../../../format/time';
import { useTraces } from '../context';
import { firstSpanCommand } from './firstSpan';
import css from './NoTraces.module.css';

/** Nothing came back: because nothing is stored, or because nothing matches. */
export function NoTraces() {
  const { search, change } = useTraces();
  const { data } = useQuery(statusQuery());
  if (data && data.spans === 0) return <FirstSpan />;

  const held = data?.oldestUnixNano && data.newestUnixNano ? wholeWindow(data.oldestUnixNano, data.newestUnixNano) : null;
  return (
    <Notice title="No trace matches">
      {data?.oldestUnixNano && data.newestUnixNano && (
        <p>
          heddle holds spans from {formatDateTime(nsToDate(data.oldestUnixNano))} to {formatDateTime(nsToDate(data.newestUnixNano))}.
        </p>
      )}
      <p>A span must meet every condition. Widen the time, or take conditions away.</p>
      <div className={css.actions}>
        {search.sel && <Button onClick={() => change({ sel: undefined, dur: undefined, compare: undefined })}>Clear what is chosen in the heatmap</Button>}
        {held && <Button onClick={() => change({ range: undefined, sel: undefined, dur: undefined, ...held })}>Search all that is held</Button>}
        {search.q && <Button onClick={() => change({ q: undefined })}>Drop every condition</Button>}
      </div>
    </Notice>
  );
}

/** From before the oldest span to after the newest, in whole seconds. */
function wholeWindow(oldest: string, newest: string) {
  const start = new Date(Math.floor(nsToDate(oldest).getTime() / 1000) * 1000);
  const end = new Date(Math.ceil(nsToDate(newest).getTime() / 1000 + 1) * 1000);
  return { start: start.toISOString(), end: end.toISOString() };
}

function FirstSpan() {
  const command = firstSpanCommand();
  return (
    <Notice title="heddle is running and holds no spans yet">
      <p>Send OTLP to port 4317 (gRPC) or 4318 (HTTP). To see one span now:</p>
      <div className={css.code}>
        <pre>{command}</pre>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <p>
        For a whole shop with faults in it, run <code>heddle demo</code>. This page then needs a <kbd>r</kbd> to look again.
      </p>
    </Notice>
  );
}
