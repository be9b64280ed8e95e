import { describe, expect, it } from 'vitest';
import { makePayload, SMALL_TREE } from '../api/skeleton.fixture';
import { openTrace, timesOf } from '../trace/model';
import { TraceEngine } from './engine';

describe('TraceEngine', () => {
  it('opens a payload into what the page needs', () => {
    const engine = new TraceEngine();
    const trace = openTrace(engine.open(makePayload(SMALL_TREE)));
    expect(trace.skeleton.rows).toBe(6);
    expect([...trace.depth]).toEqual([0, 1, 2, 2, 1, 0]);
    expect(timesOf(trace, true).start[2]).toBe(5);
    expect(timesOf(trace, false).start[2]).toBe(10);
  });
  it('keeps working after its answer was transferred away', () => {
    const engine = new TraceEngine();
    const loaded = engine.open(makePayload(SMALL_TREE));
    for (const array of [loaded.self, loaded.depth, loaded.end, loaded.children, loaded.corrected!.start]) {
      structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
    }
    structuredClone(loaded.payload, { transfer: [loaded.payload] });
    expect([...engine.search({ query: 'charge' })]).toEqual([2, 3]);
    expect([...engine.order({ column: 'self', descending: true, corrected: true })]).toHaveLength(6);
    expect(engine.stats({ by: 'service', corrected: true })).toHaveLength(3);
  });
  it('has no corrected times when every clock is right', () => {
    const loaded = new TraceEngine().open(makePayload(SMALL_TREE, { hosts: [{ name: 'a' }, { name: 'b' }] }));
    expect(loaded.corrected).toBeUndefined();
  });
  it('refuses to search before a trace is loaded', () => {
    expect(() => new TraceEngine().search({ query: 'x' })).toThrow('no trace');
  });
});
