import { describe, expect, it } from 'vitest';
import { decodeSkeleton } from '../api/skeleton';
import { makePayload, SMALL_TREE } from '../api/skeleton.fixture';
import { binSpans } from './minimap';
import { orderRows } from './order';
import { searchRows } from './search';
import { groupStats, quantile } from './stats';
import { clampRange, panRange, ticks, zoomRange } from './timeWindow';

const skeleton = decodeSkeleton(makePayload(SMALL_TREE));
const self = Float64Array.from([20, 15, 10, 20, 60, 5]);
const derived = { start: skeleton.start, self };

describe('searchRows', () => {
  it.each([
    ['PAY', [1, 2, 3, 4]], // service payment and operation POST /pay
    ['cart', [1, 4]],
    ['charge', [2, 3]],
    ['0000000000000003', [2]],
    ['nothing', []],
    ['  ', []],
  ])('%s', (query, rows) => expect([...searchRows(skeleton, query)]).toEqual(rows));
});

describe('orderRows', () => {
  it('sorts by number and by name, and keeps the tree order of equals', () => {
    expect([...orderRows(skeleton, derived, 'duration', true)]).toEqual([0, 4, 1, 3, 2, 5]);
    expect([...orderRows(skeleton, derived, 'service', false)]).toEqual([1, 4, 0, 5, 2, 3]);
    expect([...orderRows(skeleton, derived, 'status', true)]).toEqual([2, 0, 1, 3, 4, 5]);
    expect([...orderRows(skeleton, derived, 'tree', true)]).toEqual([5, 4, 3, 2, 1, 0]);
  });
});

describe('groupStats', () => {
  it('adds up per service', () => {
    const cart = groupStats(skeleton, self, 'service').find((g) => g.service === 'cart');
    expect(cart).toMatchObject({ operation: '', spans: 2, errors: 0, total: 100, self: 75, average: 50, p95: 60, longest: 60 });
  });
  it('adds up per operation, most self time first', () => {
    const groups = groupStats(skeleton, self, 'operation');
    expect(groups.map((g) => `${g.service} ${g.operation}`)).toEqual(['cart POST /pay', 'payment Charge', 'checkout GET /']);
    expect(groups[1]!.errors).toBe(1);
  });
  it('takes a quantile that is one of the values', () => {
    expect(quantile(Float64Array.of(1, 2, 3, 4), 0.5)).toBe(2);
    expect(quantile(Float64Array.of(7), 0.95)).toBe(7);
    expect(quantile(new Float64Array(0), 0.5)).toBeNaN();
  });
});

describe('binSpans', () => {
  const input = {
    start: Float64Array.of(0, 50, 99.9),
    duration: Float64Array.of(100, 25, 0),
    service: Uint8Array.of(0, 1, 1),
    failed: (row: number) => row === 1,
    slotOf: Uint8Array.of(3, 7),
    slots: 11,
    from: 0,
    to: 100,
  };
  it('paints each span in its lane, at least one pixel wide', () => {
    const { slot, error, lanes } = binSpans(input, 4, 56);
    expect(lanes).toBe(3);
    expect([...slot]).toEqual([4, 4, 4, 4, 0, 0, 8, 0, 0, 0, 0, 8]);
    expect([...error]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });
  it('gives a crowded pixel to the service with the most spans', () => {
    expect([...binSpans(input, 4, 1).slot]).toEqual([4, 4, 4, 4]);
  });
  it('keeps spans that lie outside inside the picture', () => {
    const { slot } = binSpans({ ...input, from: 60, to: 70 }, 2, 3);
    expect(slot).toHaveLength(6);
  });
});

describe('time window', () => {
  const whole = { from: 0, to: 1000 };
  it('zooms around a point that stays where it is', () => {
    expect(zoomRange(whole, whole, 0.5, 250)).toEqual({ from: 125, to: 625 });
  });
  it('never leaves the whole, nor gets too narrow', () => {
    expect(clampRange({ from: -50, to: 50 }, whole)).toEqual({ from: 0, to: 100 });
    expect(clampRange({ from: 990, to: 5000 }, whole)).toEqual(whole);
    expect(zoomRange({ from: 500, to: 501 }, whole, 0.001).to - zoomRange({ from: 500, to: 501 }, whole, 0.001).from).toBe(10);
    expect(panRange({ from: 900, to: 1000 }, whole, 0.5)).toEqual({ from: 900, to: 1000 });
  });
  it('ticks at round places', () => {
    expect(ticks({ from: 0, to: 480 }, 5)).toEqual([0, 100, 200, 300, 400]);
    expect(ticks({ from: 15, to: 25 }, 4)).toEqual([15, 20, 25]);
  });
});
