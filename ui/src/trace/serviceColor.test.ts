import { describe, expect, it } from 'vitest';
import { assignMarks, hashName, monogram, SLOTS } from './serviceColor';

const names = (n: number) => Array.from({ length: n }, (_, i) => `service-${i}`);

describe('assignMarks', () => {
  it('prefers the slot that the name hashes to, for all who look', () => {
    const [only] = assignMarks(['checkout']);
    expect(only).toMatchObject({ slot: hashName('checkout') % SLOTS, striped: false });
  });
  it('gives the first ten different colours', () => {
    const marks = assignMarks(names(10));
    expect(new Set(marks.map((m) => m.slot)).size).toBe(10);
    expect(marks.every((m) => !m.striped)).toBe(true);
  });
  it('stripes the second ten and greys out the rest', () => {
    const marks = assignMarks(names(25));
    expect(new Set(marks.slice(10, 20).map((m) => m.slot)).size).toBe(10);
    expect(marks.slice(10, 20).every((m) => m.striped)).toBe(true);
    expect(marks.slice(20).every((m) => m.slot === -1 && !m.striped)).toBe(true);
  });
  it('does not move a service when a smaller one appears', () => {
    const before = assignMarks(names(5));
    expect(assignMarks(names(8)).slice(0, 5)).toEqual(before);
  });
  it('gives each service its own two letters while letters last', () => {
    const marks = assignMarks(['cart', 'catalog', 'cargo', 'cache']);
    expect(marks.map((m) => m.monogram)).toEqual(['CA', 'CT', 'CR', 'CC']);
  });
});

describe('monogram', () => {
  it.each([
    ['checkout', 'CH'],
    ['edge-gateway', 'EG'],
    ['shop.cart/v1', 'SC'],
    ['x', 'X'],
    ['', '?'],
    ['日本', '日本'],
  ])('%s is %s', (name, letters) => expect(monogram(name)).toBe(letters));
});
