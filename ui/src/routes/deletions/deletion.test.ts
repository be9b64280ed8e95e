import { describe, expect, it } from 'vitest';
import type { Deletion } from '../../api/schema';
import { stateOf, whatOf } from './deletion';

const order: Deletion = { store: 'main', id: '1', createdUnixNano: '1000000000', deadlineUnixNano: '2000000000', rowsDeleted: 0 };
const byKey = (type: string, value: unknown) => whatOf({ ...order, key: { scope: 'span', name: 'user.id' }, type, value });

describe('whatOf', () => {
  it('names a trace', () => {
    expect(whatOf({ ...order, traceId: 'ab' })).toEqual({ of: 'trace', name: 'ab' });
  });
  it('tells the text "42" from the number 42', () => {
    expect(byKey('string', '42')).toEqual({ of: 'span attribute', name: 'user.id', value: '"42"' });
    expect(byKey('int', 42).value).toBe('42');
    expect(byKey('int', '9223372036854775807').value).toBe('9223372036854775807');
    expect(byKey('bool', false).value).toBe('false');
  });
});

describe('stateOf', () => {
  it('is pending until it is done, and overdue after the deadline', () => {
    expect(stateOf(order, new Date(1500))).toBe('pending');
    expect(stateOf(order, new Date(2500))).toBe('overdue');
    expect(stateOf({ ...order, doneUnixNano: '1800000000' }, new Date(2500))).toBe('done');
  });
});
