import { type RefObject, useEffect } from 'react';
import type { Timeline } from '../timeline';

const ZOOM_PER_PX = 0.0025;

/**
 * Over the bars: Ctrl/Cmd + wheel (which is also what a pinch sends) zooms at
 * the pointer, Shift + wheel or a sideways swipe moves. A plain wheel scrolls.
 */
export function useWheelZoom(ref: RefObject<HTMLElement | null>, timeline: Timeline): void {
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const left = element.getBoundingClientRect().right - timeline.width;
      const x = event.clientX - left;
      if (x < 0) return;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
      if (event.ctrlKey || event.metaKey) timeline.zoom(Math.exp(event.deltaY * ZOOM_PER_PX), timeline.timeAt(x));
      else if (sideways !== 0) timeline.pan(sideways / Math.max(1, timeline.width));
      else return;
      event.preventDefault();
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [ref, timeline]);
}
