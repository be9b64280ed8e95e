import { useSyncExternalStore } from 'react';
import { formatDuration } from '../../../format/duration';
import { ticks } from '../../../trace/timeWindow';
import { useTrace } from '../context';
import css from './Waterfall.module.css';

const TICK_PX = 110;

/** Times along the top, counted from the start of the trace. */
export function Ruler({ width }: { width: number }) {
  const { timeline } = useTrace();
  const range = useSyncExternalStore(timeline.subscribe, timeline.getRange);
  if (width === 0) return null;
  const scale = width / (range.to - range.from);
  const shown = { from: range.from - timeline.whole.from, to: range.to - timeline.whole.from };
  return ticks(shown, Math.floor(width / TICK_PX)).map((time) => {
    const x = (time - shown.from) * scale;
    return (
      <span key={time} className={x > width - 60 ? `${css.tick} ${css.tickLast}` : css.tick} style={{ transform: `translateX(${x}px)` }}>
        {formatDuration(time)}
      </span>
    );
  });
}
