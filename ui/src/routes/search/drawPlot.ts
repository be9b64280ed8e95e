import { formatClock } from '../../format/time';
import type { Palette } from '../../state/palette';
import type { PlotBox, PlotLayout, PlotPoint } from './plotLayout';

export function drawPlot(context: CanvasRenderingContext2D, layout: PlotLayout, box: PlotBox, colors: Palette, hovered: PlotPoint | null): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.font = "11px 'JetBrains Mono Variable', monospace";
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { y, label } of layout.yTicks) {
    context.strokeStyle = colors.line;
    context.beginPath();
    context.moveTo(box.left - 4, Math.round(y) + 0.5);
    context.lineTo(box.right + 8, Math.round(y) + 0.5);
    context.stroke();
    context.fillStyle = colors.muted;
    context.fillText(label, box.left - 10, y);
  }
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  context.fillText(formatClock(new Date(layout.firstMs)), box.left, box.bottom + 18);
  context.textAlign = 'right';
  context.fillText(formatClock(new Date(layout.lastMs)), box.right, box.bottom + 18);
  // Failing traces last, so that they lie on top.
  for (const point of layout.points) if (point.trace.errors === 0) dot(context, point, colors.accent);
  for (const point of layout.points) if (point.trace.errors > 0) triangle(context, point, colors.error);
  if (hovered) ring(context, hovered, colors.text);
}

function dot(context: CanvasRenderingContext2D, { x, y }: PlotPoint, color: string): void {
  context.globalAlpha = 0.75;
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, 4, 0, Math.PI * 2);
  context.fill();
  context.globalAlpha = 1;
}

function triangle(context: CanvasRenderingContext2D, { x, y }: PlotPoint, color: string): void {
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x, y - 5.5);
  context.lineTo(x + 5.5, y + 4.5);
  context.lineTo(x - 5.5, y + 4.5);
  context.fill();
}

function ring(context: CanvasRenderingContext2D, { x, y }: PlotPoint, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, 8, 0, Math.PI * 2);
  context.stroke();
  context.lineWidth = 1;
}
