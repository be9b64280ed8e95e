// Where the traces of a result list lie in the picture: start against duration,
// the latter on a log scale because durations spread over decades.
import type { TraceSummary } from '../../api/schema';
import { formatDuration } from '../../format/duration';

export interface PlotPoint {
  x: number;
  y: number;
  trace: TraceSummary;
}

export interface PlotLayout {
  points: PlotPoint[];
  yTicks: Array<{ y: number; label: string }>;
  firstMs: number;
  lastMs: number;
}

export interface PlotBox {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function layoutPlot(traces: readonly TraceSummary[], box: PlotBox): PlotLayout {
  const starts = traces.map((trace) => Number(BigInt(trace.startUnixNano) / 1000n) / 1000);
  const firstMs = Math.min(...starts);
  const lastMs = Math.max(...starts);
  const logs = traces.map((trace) => Math.log10(Math.max(1, trace.durationNs)));
  // Whole decades; at least one of them.
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const yOf = (log: number) => box.bottom - ((log - low) / (high - low)) * (box.bottom - box.top);
  const spread = lastMs - firstMs;
  const points = traces.map((trace, i) => ({
    x: spread === 0 ? (box.left + box.right) / 2 : box.left + ((starts[i]! - firstMs) / spread) * (box.right - box.left),
    y: yOf(logs[i]!),
    trace,
  }));
  const step = Math.ceil((high - low) / 4);
  const yTicks = [];
  for (let decade = low; decade <= high; decade += step) yTicks.push({ y: yOf(decade), label: tickLabel(decade) });
  return { points, yTicks, firstMs, lastMs };
}

const tickLabel = (decade: number) => formatDuration(10 ** decade).replace(/\.0+(?=\D)/, '');

/** The point nearest to a place, within reach. */
export function nearestPoint(points: readonly PlotPoint[], x: number, y: number, reach = 14): PlotPoint | null {
  let best: PlotPoint | null = null;
  let bestDistance = reach * reach;
  for (const point of points) {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance <= bestDistance) {
      best = point;
      bestDistance = distance;
    }
  }
  return best;
}
