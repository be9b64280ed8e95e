import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatShare, plural } from './count';
import { formatDuration, parseGoDuration } from './duration';
import { addNs, dateToNs, formatInstant, formatRelative, nsToDate } from './time';

describe('formatDuration', () => {
  it.each([
    [0, '0 ns'],
    [1, '1 ns'],
    [999, '999 ns'],
    [1000, '1.00 µs'],
    [12_345, '12.3 µs'],
    [999_700, '1.00 ms'],
    [812_000_000, '812 ms'],
    [1_230_000_000, '1.23 s'],
    [59_940_000_000, '59.9 s'],
    [59_990_000_000, '1m'],
    [75e9, '1m 15s'],
    [3600e9, '1h'],
    [3599.9e9, '1h'],
    [2 * 3600e9 + 300e9, '2h 5m'],
    [90_000e9, '1d 1h'],
    [-5_000_000, '−5.00 ms'],
    [0.4, '<1 ns'],
    [Number.NaN, '–'],
  ])('%d ns is %s', (ns, text) => expect(formatDuration(ns)).toBe(text));
});

describe('parseGoDuration', () => {
  it.each([
    ['200ms', 2e8],
    ['1.5s', 1.5e9],
    ['1m30s', 90e9],
    ['.5s', 5e8],
    ['10us', 1e4],
    ['0', 0],
    ['200', null],
    ['', null],
    ['1 s', null],
    ['fast', null],
  ])('%s', (text, ns) => expect(parseGoDuration(text)).toBe(ns));
});

describe('time', () => {
  it('keeps nanoseconds that a number cannot hold', () => {
    expect(addNs('1763806285123456789', 11)).toBe('1763806285123456800');
    expect(formatInstant('1763806285123456789')).toMatch(/:25\.123456789$/);
  });
  it('goes to dates and back', () => {
    expect(dateToNs(nsToDate('1763806285123000000'))).toBe('1763806285123000000');
  });
  it.each([
    [0, 'just now'],
    [42_000, '42 s ago'],
    [5 * 60_000, '5 min ago'],
    [3 * 3_600_000, '3 h ago'],
    [50 * 3_600_000, '2 d ago'],
    [-3000, 'in 3 s'],
  ])('%d ms before now is %s', (before, text) => {
    const now = new Date(1_763_806_285_000);
    expect(formatRelative(new Date(now.getTime() - before), now)).toBe(text);
  });
});

describe('counts', () => {
  it('groups, pluralises, and never rounds something to nothing', () => {
    expect(formatCount(231_412)).toBe('231,412');
    expect(plural(1, 'span')).toBe('1 span');
    expect(plural(2, 'query', 'queries')).toBe('2 queries');
    expect(formatShare(0.0001)).toBe('<0.1 %');
    expect(formatShare(0.5)).toBe('50.0 %');
    expect(formatShare(1)).toBe('100 %');
    expect(formatBytes(512)).toBe('512 B');
    expect(formatBytes(1536)).toBe('1.50 KiB');
  });
});
