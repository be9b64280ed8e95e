import { describe, expect, it } from 'vitest';
import type { TraceSummary } from '../../api/schema';
import { layoutPlot, nearestPoint } from './plotLayout';

const box = { left: 0, right: 100, top: 0, bottom: 100 };
const trace = (startMs: number, durationNs: number) =>
  ({ startUnixNano: `${startMs}000000`, durationNs, traceId: String(startMs) }) as TraceSummary;

describe('layoutPlot', () => {
  it('spreads starts over the width and durations over decades', () => {
    const { points, yTicks } = layoutPlot([trace(1000, 1e6), trace(2000, 1e8)], box);
    expect(points.map(({ x, y }) => [x, y])).toEqual([
      [0, 100],
      [100, 0],
    ]);
    expect(yTicks.map((tick) => tick.label)).toEqual(['1 ms', '10 ms', '100 ms']);
  });
  it('puts a lone trace in the middle', () => {
    const { points } = layoutPlot([trace(1000, 5e6)], box);
    expect(points[0]!.x).toBe(50);
    expect(points[0]!.y).toBeGreaterThanOrEqual(0);
  });
  it('takes a duration of nothing', () => {
    expect(layoutPlot([trace(1000, 0)], box).points[0]!.y).toBe(100);
  });
});

describe('nearestPoint', () => {
  const { points } = layoutPlot([trace(1000, 1e6), trace(2000, 1e8)], box);
  it('finds what is within reach, and nothing beyond it', () => {
    expect(nearestPoint(points, 4, 96)?.trace.traceId).toBe('1000');
    expect(nearestPoint(points, 50, 50)).toBeNull();
  });
});
