import type { Palette } from '../../../state/palette';
import type { Bins } from '../../../trace/minimap';

/** Paints the bins lane by lane, one rectangle per run of equal pixels. */
export function drawMinimap(context: CanvasRenderingContext2D, bins: Bins, height: number, colors: Palette): void {
  const { width, lanes, slot, error } = bins;
  context.clearRect(0, 0, width, height);
  const laneHeight = height / lanes;
  // Few rows leave a gap between the lanes; many touch.
  const gap = laneHeight >= 4 ? 1 : 0;
  const fills = [...colors.services, colors.rest];
  for (let lane = 0; lane < lanes; lane++) {
    const y = lane * laneHeight;
    const tall = Math.max(1, Math.min(laneHeight - gap, 6));
    runs(slot, lane * width, width, (value, x, length) => {
      context.fillStyle = fills[value - 1]!;
      context.fillRect(x, y, length, tall);
    });
    runs(error, lane * width, width, (_, x, length) => {
      context.fillStyle = colors.error;
      context.fillRect(x, y, Math.max(2, length), Math.max(2, tall));
    });
  }
}

function runs(values: Uint8Array, at: number, width: number, paint: (value: number, x: number, length: number) => void): void {
  for (let x = 0; x < width; ) {
    const value = values[at + x]!;
    let end = x + 1;
    while (end < width && values[at + end] === value) end++;
    if (value !== 0) paint(value, x, end - x);
    x = end;
  }
}
