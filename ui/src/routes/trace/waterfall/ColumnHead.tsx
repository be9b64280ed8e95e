import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef } from 'react';
import { useRangeDrag } from '../../../components/useRangeDrag';
import { useWidth } from '../../../components/useSize';
import { useTrace } from '../context';
import { Ruler } from './Ruler';
import type { NameWidth } from './useNameWidth';
import css from './Waterfall.module.css';

interface ColumnHeadProps {
  nameWidth: NameWidth;
  /** The scrollbar takes from the rows, so the head is as wide as they are. */
  rowWidth: number;
}

/** Names of the columns, the divider between them, and the ruler. */
export function ColumnHead({ nameWidth, rowWidth }: ColumnHeadProps) {
  const { timeline } = useTrace();
  const lane = useRef<HTMLDivElement>(null);
  const width = useWidth(lane);
  useLayoutEffect(() => timeline.setWidth(width), [timeline, width]);
  const { drag, handlers } = useRangeDrag(({ from, to }) => timeline.show({ from: timeline.timeAt(from), to: timeline.timeAt(to) }));

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.parentElement!.getBoundingClientRect();
    nameWidth.set(((event.clientX - box.left) / box.width) * 100);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    nameWidth.set(nameWidth.percent + step);
  };
  return (
    <div className={css.head} style={{ width: rowWidth || undefined }}>
      <span className={css.headName}>Service and operation</span>
      <div
        className={css.divider}
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the names"
        aria-valuemin={15}
        aria-valuemax={75}
        aria-valuenow={Math.round(nameWidth.percent)}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
        onDoubleClick={nameWidth.reset}
      />
      <div className={css.ruler} ref={lane} {...handlers} onDoubleClick={() => timeline.fit()}>
        <Ruler width={width} />
        {drag && <div className={css.drag} style={{ left: drag.from, width: drag.to - drag.from }} />}
      </div>
    </div>
  );
}
