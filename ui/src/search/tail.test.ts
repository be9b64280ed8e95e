import { describe, expect, it } from 'vitest';
import type { TailSpan } from '../api/schema';
import { EMPTY_TAIL, MOST_ROWS, paused, withSpans } from './tail';

describe('live tail', () => {
  const span = (n: number): TailSpan => ({ traceId: 't', spanId: String(n), service: 's', name: 'n', kind: 'server', startUnixNano: String(n), durationNs: 1, error: false });
  const spans = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => span(from + i));
  it('has the newest on top and takes each once', () => {
    const tail = withSpans(withSpans(EMPTY_TAIL, spans(0, 3)), spans(2, 5));
    expect(tail.rows.map((s) => s.spanId)).toEqual(['4', '3', '2', '1', '0']);
  });
  it('keeps a bounded number and counts the others', () => {
    const tail = withSpans(withSpans(EMPTY_TAIL, spans(0, 400)), spans(400, 800));
    expect([tail.rows.length, tail.rows[0]!.spanId, tail.forgotten]).toEqual([MOST_ROWS, '799', 300]);
  });
  it('stands still while paused, and goes on with what came', () => {
    let tail = paused(withSpans(EMPTY_TAIL, spans(0, 2)), true);
    tail = withSpans(tail, spans(2, 900));
    expect([tail.rows.length, tail.waiting.length, tail.forgotten]).toEqual([2, MOST_ROWS, 398]);
    tail = paused(tail, false);
    expect([tail.rows.length, tail.waiting.length, tail.rows[0]!.spanId, tail.forgotten]).toEqual([MOST_ROWS, 0, '899', 400]);
  });
});
