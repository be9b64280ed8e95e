import { describe, expect, it } from 'vitest';
import { ApiError } from './error';
import { decodeSkeleton } from './skeleton';
import { makePayload, SMALL_TREE } from './skeleton.fixture';

const refusal = (payload: ArrayBuffer) => {
  try {
    decodeSkeleton(payload);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return (error as ApiError).message;
  }
  throw new Error('the payload was accepted');
};

describe('decodeSkeleton', () => {
  it('reads every column and steps over those it does not know', () => {
    const skeleton = decodeSkeleton(makePayload(SMALL_TREE));
    expect(skeleton.rows).toBe(6);
    expect([...skeleton.parent]).toEqual([-1, 0, 1, 1, 0, -1]);
    expect([...skeleton.start]).toEqual([0, 10, 10, 15, 60, 90]);
    expect([...skeleton.duration]).toEqual([100, 40, 10, 20, 60, 5]);
    expect([...skeleton.service]).toEqual([0, 1, 2, 2, 1, 0]);
    expect([...skeleton.flags]).toEqual([4, 0, 1, 0, 0, 2]);
    expect([...skeleton.id.subarray(8, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
  });

  it('reads a trace without rows', () => {
    expect(decodeSkeleton(makePayload([])).rows).toBe(0);
  });

  it('copies nothing', () => {
    const payload = makePayload(SMALL_TREE);
    expect(decodeSkeleton(payload).start.buffer).toBe(payload);
  });

  it('refuses what is no skeleton', () => {
    expect(refusal(new ArrayBuffer(3))).toContain('3 bytes');
    expect(refusal(new TextEncoder().encode('<html>not found</html>').buffer as ArrayBuffer)).toContain('HSK1');
  });

  it('refuses a payload cut at any byte', () => {
    const payload = makePayload(SMALL_TREE);
    const whole = payload.byteLength;
    // The last column ends in padding, which nobody misses.
    const needed = whole - 4;
    for (let length = 0; length < needed; length++) {
      expect(() => decodeSkeleton(payload.slice(0, length)), `cut to ${length} of ${whole}`).toThrow(ApiError);
    }
    expect(() => decodeSkeleton(payload.slice(0, needed))).not.toThrow();
  });

  it('refuses a header that is not JSON, or not the contract', () => {
    const payload = makePayload(SMALL_TREE);
    new Uint8Array(payload)[8] = 0x21;
    expect(refusal(payload)).toContain('not JSON');
    expect(refusal(makePayload(SMALL_TREE, { rows: -1 }))).toContain('rows');
    expect(refusal(makePayload(SMALL_TREE, { services: 'none' }))).toContain('services');
  });

  it('refuses columns that are missing, misplaced or of another type', () => {
    const column = { name: 'start', type: 'f64', offset: 0 };
    expect(refusal(makePayload(SMALL_TREE, { columns: [] }))).toContain('start is missing');
    expect(refusal(makePayload(SMALL_TREE, { columns: [{ ...column, type: 'u8' }] }))).toContain('type u8');
    expect(refusal(makePayload(SMALL_TREE, { columns: [{ ...column, offset: 4 }] }))).toContain('not aligned');
    expect(refusal(makePayload(SMALL_TREE, { columns: [{ ...column, offset: 8_000_000 }] }))).toContain('ends inside');
  });

  it('refuses indexes that point outside their list', () => {
    expect(refusal(makePayload(SMALL_TREE, { operations: ['one'] }))).toContain('list of operations');
  });

  it('takes null for an empty list, as Go writes it', () => {
    expect(decodeSkeleton(makePayload(SMALL_TREE, { notes: null })).header.notes).toEqual([]);
  });
});
