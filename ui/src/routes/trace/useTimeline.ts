import { useEffect, useState } from 'react';
import type { TraceModel, Times } from '../../trace/model';
import { sameRange } from '../../trace/timeWindow';
import type { TraceSearch } from '../../url/traceSearch';
import { Timeline } from './timeline';

const SETTLE_MS = 250;

/** The timeline of a page, tied to the from and to of its URL. */
export function useTimeline(
  trace: TraceModel,
  times: Times,
  search: TraceSearch,
  change: (part: Partial<TraceSearch>) => void,
): Timeline {
  const { from, to } = search;
  const inUrl = from !== undefined && to !== undefined;
  const [timeline] = useState(() => new Timeline(trace, times, inUrl ? { from, to } : undefined));

  useEffect(() => timeline.setTimes(times), [timeline, times]);

  // URL to timeline: a link was followed, or the back button pressed.
  useEffect(() => timeline.show(inUrl ? { from, to } : timeline.whole), [timeline, inUrl, from, to]);

  // Timeline to URL, once it rests.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const stop = timeline.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const range = timeline.getRange();
        if (inUrl && sameRange(range, { from, to })) return;
        if (timeline.zoomed) change({ from: Math.round(range.from), to: Math.round(range.to) });
        else if (inUrl) change({ from: undefined, to: undefined });
      }, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [timeline, change, inUrl, from, to]);

  return timeline;
}
