import { describe, expect, it } from 'vitest';
import { readFilter, writeFilter } from '../traceql/filter';
import { FAILED_VALUE, FIELDS, formOf, withField } from './form';

describe('form and query', () => {
  const query = '{ resource.service.name = "cart" && .weird + 1 > 2 && duration >= 20ms && kind = server && span.x = "y" }';
  it('fills the form where it has a field, and keeps the rest', () => {
    const { others, ...values } = formOf(readFilter(query)!);
    expect(values).toEqual({ service: 'cart', operation: '', kind: 'server', status: '', min: '20ms', max: '' });
    expect(others.map(({ text }) => text)).toEqual(['.weird + 1 > 2', 'span.x = "y"']);
  });
  it('writes what it read', () => {
    let filter = readFilter(query)!;
    const form = formOf(filter);
    for (const name of FIELDS) filter = withField(filter, name, form[name]);
    expect(writeFilter(filter)).toBe(query);
  });
  it('replaces a condition where it stands, adds and removes', () => {
    const filter = readFilter(query)!;
    expect(writeFilter(withField(filter, 'service', 'a"b'))).toBe(query.replace('"cart"', '"a\\"b"'));
    expect(writeFilter(withField(filter, 'service', ''))).toBe(query.replace('resource.service.name = "cart" && ', ''));
    expect(writeFilter(withField([], 'status', 'error'))).toBe('{ status = error }');
  });
  it('does not take for its own what says something else', () => {
    const filter = readFilter('{ resource.service.name != "a" && !(name = "b") && (kind = server || kind = client) && duration > 1s && name = nil && status = "error" }')!;
    const { others, ...values } = formOf(filter);
    expect(new Set(Object.values(values))).toEqual(new Set(['']));
    expect(others).toHaveLength(6);
  });
  it('knows what the counts call an error', () => {
    const failed = withField([], 'status', FAILED_VALUE);
    expect(writeFilter(failed)).toBe('{ (status = error || span.error = true || span.error = "true") }');
    expect(formOf(readFilter(writeFilter(failed))!)).toMatchObject({ status: FAILED_VALUE, others: [] });
    expect(writeFilter(withField(failed, 'status', 'ok'))).toBe('{ status = ok }');
  });
  it('shows a second condition on the same field as another one', () => {
    const { operation, others } = formOf(readFilter('{ name = "a" && name = "b" }')!);
    expect([operation, others.map(({ text }) => text)]).toEqual(['a', ['name = "b"']]);
  });
});
