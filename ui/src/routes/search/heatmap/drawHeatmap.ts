import { formatDuration } from '../../../format/duration';
import { type Box, durationTicks, type Heatmap, type Layout, strength, timeTicks } from '../../../search/heatmap';
import type { Palette } from '../../../state/palette';

interface Picture {
  map: Heatmap;
  layout: Layout;
  colors: Palette;
  /** Colour by failed spans only. */
  errorsOnly: boolean;
  chosen: Box | null;
}

const TICKS_APART = 26;
const TIMES_APART = 90;

export function drawHeatmap(context: CanvasRenderingContext2D, picture: Picture): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  drawAxes(context, picture);
  drawCells(context, picture);
  const { chosen, colors, layout } = picture;
  if (chosen) {
    shade(context, layout.box, chosen, colors.bg);
    outline(context, chosen, colors.text, 1.5);
  }
}

function drawCells(context: CanvasRenderingContext2D, { map, layout, colors, errorsOnly }: Picture): void {
  const { xs, ys } = layout;
  const rows = map.lowerBoundsNs.length;
  const counts = errorsOnly ? map.errors : map.spans;
  const most = counts.reduce((max, n) => Math.max(max, n), 0);
  const wide = xs.length > 1 && xs[1]! - xs[0]! >= 4;
  for (let column = 0; column < map.columns; column++) {
    const left = xs[column]!;
    const width = xs[column + 1]! - left;
    for (let row = 0; row < rows; row++) {
      const cell = column * rows + row;
      const count = counts[cell]!;
      if (count === 0) continue;
      const top = ys[row + 1]!;
      const height = ys[row]! - top;
      context.globalAlpha = strength(count, most);
      context.fillStyle = errorsOnly ? colors.error : colors.accent;
      context.fillRect(left, top, Math.max(1, width - (wide ? 1 : 0)), Math.max(1, height - (height > 3 ? 1 : 0)));
      if (errorsOnly || map.errors[cell] === 0) continue;
      // Narrower than its cell, as high as the share that failed: a shape of its own.
      context.globalAlpha = 1;
      context.fillStyle = colors.error;
      const mark = Math.max(2, Math.round(width / 3));
      const full = height - (height > 3 ? 1 : 0);
      const failed = Math.max(Math.min(2, full), Math.round((map.errors[cell]! / count) * full));
      context.fillRect(left + Math.floor((width - 1 - mark) / 2), top + full - failed, mark, failed);
    }
  }
  context.globalAlpha = 1;
}

function drawAxes(context: CanvasRenderingContext2D, { map, layout, colors }: Picture): void {
  const { box } = layout;
  context.font = "11px 'JetBrains Mono Variable', monospace";
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { ns, y } of durationTicks(map, layout, TICKS_APART)) {
    context.strokeStyle = colors.line;
    context.beginPath();
    context.moveTo(box.left - 4, Math.round(y) + 0.5);
    context.lineTo(box.right, Math.round(y) + 0.5);
    context.stroke();
    context.fillStyle = colors.muted;
    // The label of a line at the edge stays inside.
    context.fillText(tickLabel(ns), box.left - 8, Math.min(Math.max(y, box.top + 6), box.bottom - 4));
  }
  context.strokeStyle = colors.line;
  context.beginPath();
  context.moveTo(box.left, box.bottom + 0.5);
  context.lineTo(box.right, box.bottom + 0.5);
  context.stroke();

  context.textBaseline = 'alphabetic';
  context.fillStyle = colors.muted;
  for (const { x, label } of timeTicks(map, layout, TIMES_APART)) {
    context.textAlign = x < box.left + 20 ? 'left' : x > box.right - 20 ? 'right' : 'center';
    context.fillText(label, x, box.bottom + 16);
    context.fillRect(Math.round(x), box.bottom, 1, 4);
  }
}

const tickLabel = (ns: number) => formatDuration(ns).replace(/\.0+(?=\D)/, '');

/** Pales all but the chosen part. */
function shade(context: CanvasRenderingContext2D, box: Box, chosen: Box, color: string): void {
  context.globalAlpha = 0.6;
  context.fillStyle = color;
  context.fillRect(box.left, box.top, box.right - box.left, chosen.top - box.top);
  context.fillRect(box.left, chosen.bottom, box.right - box.left, box.bottom - chosen.bottom);
  context.fillRect(box.left, chosen.top, chosen.left - box.left, chosen.bottom - chosen.top);
  context.fillRect(chosen.right, chosen.top, box.right - chosen.right, chosen.bottom - chosen.top);
  context.globalAlpha = 1;
}

function outline(context: CanvasRenderingContext2D, { left, right, top, bottom }: Box, color: string, width: number): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, Math.round(right - left) - 1, Math.round(bottom - top) - 1);
  context.lineWidth = 1;
}
