import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { prepareCanvas } from '../../../components/canvas';
import { useRangeDrag } from '../../../components/useRangeDrag';
import { useWidth } from '../../../components/useSize';
import { plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { paletteOf } from '../../../state/palette';
import { useShownTheme } from '../../../state/theme';
import type { Bins } from '../../../trace/minimap';
import { SLOTS } from '../../../trace/serviceColor';
import { useTrace } from '../context';
import { drawMinimap } from './drawMinimap';
import css from './Minimap.module.css';

const HEIGHT = 56;

/** The whole trace at a glance. Drag to look at a part, double click for all of it. */
export function Minimap() {
  const { trace, worker, times, corrected, timeline } = useTrace();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const theme = useShownTheme();
  const [bins, setBins] = useState<Bins | null>(null);
  const slotOf = useMemo(() => Uint8Array.from(trace.marks, (mark) => (mark.slot < 0 ? SLOTS : mark.slot)), [trace]);

  useEffect(() => {
    if (width === 0) return;
    let stale = false;
    const { from, to } = times.whole;
    void worker
      .call('bins', { width, lanes: HEIGHT, corrected, slotOf, slots: SLOTS + 1, from, to })
      .then((next) => stale || setBins(next));
    return () => {
      stale = true;
    };
  }, [worker, width, corrected, slotOf, times]);

  useEffect(() => {
    if (!canvas.current || !bins) return;
    const context = prepareCanvas(canvas.current, bins.width, HEIGHT);
    if (context) drawMinimap(context, bins, HEIGHT, paletteOf(theme));
  }, [bins, theme]);

  const { from, to } = times.whole;
  const timeAt = (x: number) => from + (x / Math.max(1, width)) * (to - from);
  const { drag, handlers } = useRangeDrag(
    (picked) => timeline.show({ from: timeAt(picked.from), to: timeAt(picked.to) }),
    (x) => {
      const range = timeline.getRange();
      if (timeline.zoomed) timeline.show({ from: timeAt(x) - (range.to - range.from) / 2, to: timeAt(x) + (range.to - range.from) / 2 });
    },
  );
  const range = useSyncExternalStore(timeline.subscribe, timeline.getRange);
  const percent = (time: number) => ((time - from) / (to - from)) * 100;
  return (
    <div className={css.frame} ref={frame} {...handlers} onDoubleClick={() => timeline.fit()}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Overview of ${plural(trace.skeleton.rows, 'span')} over ${formatDuration(to - from)}. The rows below, and the Table view, list the same spans.`}
      />
      <div className={css.shade} style={{ left: 0, width: `${percent(range.from)}%` }} />
      <div className={css.shade} style={{ left: `${percent(range.to)}%`, right: 0 }} />
      {drag && <div className={css.drag} style={{ left: drag.from, width: drag.to - drag.from }} />}
      <span className={css.edge}>{formatDuration(to - from)}</span>
    </div>
  );
}
