import { useNavigate } from '@tanstack/react-router';
import { type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { TraceSummary } from '../../api/schema';
import { prepareCanvas } from '../../components/canvas';
import { Button } from '../../components/form/Button';
import { useWidth } from '../../components/useSize';
import { plural } from '../../format/count';
import { formatDuration } from '../../format/duration';
import { paletteOf } from '../../state/palette';
import { useShownTheme } from '../../state/theme';
import type { TracesSearch } from '../../url/tracesSearch';
import { drawPlot } from './drawPlot';
import css from './Plot.module.css';
import { PlotTable } from './PlotTable';
import { layoutPlot, nearestPoint, type PlotPoint } from './plotLayout';

const HEIGHT = 132;

interface PlotProps {
  traces: readonly TraceSummary[];
  mode: TracesSearch['plot'];
  onMode: (mode: TracesSearch['plot']) => void;
}

/** Start against duration of the traces that came back: a sample, and said so. */
export function Plot({ traces, mode, onMode }: PlotProps) {
  return (
    <figure className={css.figure}>
      <figcaption className={css.caption}>
        <span>
          Duration by start, <strong>shown traces</strong> only
          {mode === undefined && (
            <span className={css.legend} aria-hidden="true">
              <i className={css.dot} /> no error <i className={css.triangle} /> with errors
            </span>
          )}
        </span>
        <span role="group" aria-label="Show as">
          <Button small quiet aria-pressed={mode === undefined} onClick={() => onMode(undefined)}>
            Plot
          </Button>
          <Button small quiet aria-pressed={mode === 'table'} onClick={() => onMode('table')}>
            Table
          </Button>
          <Button small quiet aria-pressed={mode === 'off'} onClick={() => onMode('off')}>
            Hide
          </Button>
        </span>
      </figcaption>
      {mode === undefined && <PlotCanvas traces={traces} />}
      {mode === 'table' && <PlotTable traces={traces} />}
    </figure>
  );
}

function PlotCanvas({ traces }: { traces: readonly TraceSummary[] }) {
  const navigate = useNavigate();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const theme = useShownTheme();
  const [hovered, setHovered] = useState<PlotPoint | null>(null);
  const box = useMemo(() => ({ left: 72, right: Math.max(80, width - 16), top: 10, bottom: HEIGHT - 26 }), [width]);
  const layout = useMemo(() => layoutPlot(traces, box), [traces, box]);

  useEffect(() => {
    if (!canvas.current || width === 0) return;
    const context = prepareCanvas(canvas.current, width, HEIGHT);
    if (context) drawPlot(context, layout, box, paletteOf(theme), hovered);
  }, [layout, box, width, theme, hovered]);

  const pointAt = ({ nativeEvent }: MouseEvent) => nearestPoint(layout.points, nativeEvent.offsetX, nativeEvent.offsetY);
  const open = (event: MouseEvent) => {
    const point = pointAt(event);
    if (point) void navigate({ to: '/traces/$traceId', params: { traceId: point.trace.traceId } });
  };
  return (
    <div className={css.frame} ref={frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Plot of ${plural(traces.length, 'trace')}. The table beside the plot button has the same numbers.`}
        style={{ cursor: hovered ? 'pointer' : 'default' }}
        onMouseMove={(event) => setHovered(pointAt(event))}
        onMouseLeave={() => setHovered(null)}
        onClick={open}
      />
      {hovered && (
        <p className={css.tip} style={{ left: Math.min(hovered.x + 12, width - 300), top: Math.max(0, hovered.y - 12) }}>
          <strong>{hovered.trace.rootService}</strong> {hovered.trace.rootName}, {formatDuration(hovered.trace.durationNs)}, {plural(hovered.trace.spans, 'span')}
          {hovered.trace.errors > 0 && `, ${plural(hovered.trace.errors, 'error')}`}
        </p>
      )}
    </div>
  );
}
