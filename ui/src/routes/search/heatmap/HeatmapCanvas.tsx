import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { prepareCanvas } from '../../../components/canvas';
import { useWidth } from '../../../components/useSize';
import { formatCount, plural } from '../../../format/count';
import { formatClock, nsToDate } from '../../../format/time';
import { formatDuration } from '../../../format/duration';
import { type Box, boxOf, type Cells, cellsBetween, coarsened, type Heatmap, layoutHeatmap, type Stretch, stretchOf } from '../../../search/heatmap';
import { paletteOf } from '../../../state/palette';
import { useShownTheme } from '../../../state/theme';
import { drawHeatmap } from './drawHeatmap';
import css from './Heatmap.module.css';

const HEIGHT = 236;
/** Less is a click: it chooses one cell. */
const DRAG_PX = 4;

/** Narrower columns cannot be told apart. */
const LEAST_PX = 5;

interface HeatmapCanvasProps {
  map: Heatmap;
  errorsOnly: boolean;
  chosen: Stretch | null;
  onChoose: (stretch: Stretch | null) => void;
}

interface Point {
  x: number;
  y: number;
}

/** Duration over time, all matching spans. Dragging chooses a stretch of both. */
export function HeatmapCanvas({ map: whole, errorsOnly, chosen, onChoose }: HeatmapCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const theme = useShownTheme();
  const [from, setFrom] = useState<Point | null>(null);
  const [at, setAt] = useState<Point | null>(null);
  const box = useMemo<Box>(() => ({ left: 64, right: Math.max(80, width - 8), top: 6, bottom: HEIGHT - 24 }), [width]);
  const map = useMemo(() => coarsened(whole, Math.max(1, Math.floor((box.right - box.left) / LEAST_PX)), whole.lowerBoundsNs.length), [whole, box]);
  const layout = useMemo(() => layoutHeatmap(map, box), [map, box]);

  const marked = at ? cellsBetween(layout, map, from?.x ?? at.x, from?.y ?? at.y, at.x, at.y) : null;
  const outline = marked && boxOf(map, layout, stretchOf(map, marked));
  const dragging = from !== null;

  useEffect(() => {
    if (!canvas.current || width === 0) return;
    const context = prepareCanvas(canvas.current, width, HEIGHT);
    if (context) drawHeatmap(context, { map, layout, colors: paletteOf(theme), errorsOnly, chosen: !dragging && chosen ? boxOf(map, layout, chosen) : null });
  }, [map, layout, width, theme, errorsOnly, chosen, dragging]);

  const point = ({ currentTarget, clientX, clientY }: PointerEvent): Point => {
    const { left, top } = currentTarget.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const inside = ({ x, y }: Point) => x >= box.left && x <= box.right && y >= box.top - 6 && y <= box.bottom + 6;
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0 || !inside(point(event))) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setFrom(point(event));
      setAt(point(event));
    },
    onPointerMove: (event: PointerEvent) => {
      const next = point(event);
      setAt(from || inside(next) ? next : null);
    },
    onPointerUp: (event: PointerEvent) => {
      if (!from) return;
      const to = point(event);
      setFrom(null);
      const dragged = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)) >= DRAG_PX;
      const cells = dragged ? cellsBetween(layout, map, from.x, from.y, to.x, to.y) : cellsBetween(layout, map, from.x, from.y, from.x, from.y);
      onChoose(stretchOf(map, cells));
    },
    onPointerCancel: () => setFrom(null),
    onPointerLeave: () => from || setAt(null),
  };

  return (
    <div className={css.frame} style={{ height: HEIGHT }} ref={frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label="Heatmap of durations over time. The table beside it has the same numbers and chooses the same stretches."
        {...handlers}
      />
      {outline && <span className={css.outline} style={{ left: outline.left, top: outline.top, width: outline.right - outline.left, height: outline.bottom - outline.top }} />}
      {marked && at && <Tip map={map} cells={marked} at={at} width={width} dragging={dragging} />}
    </div>
  );
}

const TIP_WIDTH = 250;

function Tip({ map, cells, at, width, dragging }: { map: Heatmap; cells: Cells; at: Point; width: number; dragging: boolean }) {
  const [spans, errors] = countsIn(map, cells);
  const stretch = stretchOf(map, cells);
  const clock = (ns: bigint) => formatClock(nsToDate(String(ns)));
  const right = at.x + 14 + TIP_WIDTH > width;
  return (
    <p className={css.tip} style={{ left: right ? at.x - TIP_WIDTH - 14 : at.x + 14, top: Math.min(at.y + 12, HEIGHT - 70), width: TIP_WIDTH }} aria-hidden="true">
      <strong>{plural(spans, 'span')}</strong>
      {errors > 0 && <span className={css.failed}>, {plural(errors, 'error')}</span>}
      <br />
      {durationText(stretch, map)}
      <br />
      {clock(stretch.from)} to {clock(stretch.to)}
      {!dragging && <span className={css.quiet}> · drag to choose</span>}
    </p>
  );
}

function durationText({ min, below }: Stretch, map: Heatmap): string {
  const low = formatDuration(min ?? map.lowerBoundsNs[0] ?? 0);
  return below === undefined ? `${low} and more` : `${low} to ${formatDuration(below)}`;
}

function countsIn(map: Heatmap, { firstColumn, lastColumn, firstRow, lastRow }: Cells): [spans: number, errors: number] {
  const rows = map.lowerBoundsNs.length;
  let spans = 0;
  let errors = 0;
  for (let column = firstColumn; column <= lastColumn; column++) {
    for (let row = firstRow; row <= lastRow; row++) {
      spans += map.spans[column * rows + row]!;
      errors += map.errors[column * rows + row]!;
    }
  }
  return [spans, errors];
}

/** "1 to 1,204 spans a cell", for the legend. */
export function rangeText(counts: readonly number[], one: string): string {
  const most = counts.reduce((max, n) => Math.max(max, n), 0);
  return most <= 1 ? plural(1, one) : `1 to ${formatCount(most)} ${one}s`;
}
