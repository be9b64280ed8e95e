import { type PointerEvent, useState } from 'react';

export interface Drag {
  from: number;
  to: number;
}

const CLICK_PX = 4;

/**
 * Dragging across an element picks a stretch of it. Answers the stretch while it
 * is dragged (px from the left edge) and the handlers to spread on the element.
 */
export function useRangeDrag(onPick: (drag: Drag) => void, onClick?: (x: number) => void) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const xOf = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), box.width);
  };
  return {
    drag: drag && { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) },
    handlers: {
      onPointerDown: (event: PointerEvent<HTMLElement>) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const x = xOf(event);
        setDrag({ from: x, to: x });
      },
      onPointerMove: (event: PointerEvent<HTMLElement>) => {
        if (drag) setDrag({ from: drag.from, to: xOf(event) });
      },
      onPointerUp: () => {
        if (!drag) return;
        setDrag(null);
        const from = Math.min(drag.from, drag.to);
        const to = Math.max(drag.from, drag.to);
        if (to - from >= CLICK_PX) onPick({ from, to });
        else onClick?.(from);
      },
      onPointerCancel: () => setDrag(null),
    },
  };
}
