import { describe, expect, it } from 'vitest';
import { readFilter, writeFilter } from '../traceql/filter';
import { choiceOf, conditionOfTag, exclusion, fieldOf, isNarrowed, literalOf, toggleExcluded, toggleIncluded, widened } from './attribute';

describe('values of attributes', () => {
  const field = 'span.http.route';
  const toggled = (query: string, literal: string) => writeFilter(toggleIncluded(readFilter(query)!, field, literal));
  it('are alternatives when several are wanted', () => {
    const one = toggled('{ kind = server }', '"/a"');
    expect(one).toBe('{ kind = server && span.http.route = "/a" }');
    const two = toggled(one, '"/b"');
    expect(two).toBe('{ kind = server && (span.http.route = "/a" || span.http.route = "/b") }');
    expect(toggled(two, '"/a"')).toBe('{ kind = server && span.http.route = "/b" }');
    expect(toggled(toggled(two, '"/a"'), '"/b"')).toBe('{ kind = server }');
    expect(isNarrowed(readFilter(two)!, field)).toBe(true);
    expect(writeFilter(widened([...readFilter(two)!, exclusion(field, '"/c"')], field))).toBe('{ kind = server }');
  });
  it('are left out so that spans without the key stay', () => {
    const out = toggleExcluded([], field, '"/a"');
    expect(writeFilter(out)).toBe('{ !(span.http.route = "/a") }');
    expect(choiceOf(out, field, '"/a"')).toEqual({ included: false, excluded: true });
    expect(toggleExcluded(out, field, '"/a"')).toEqual([]);
    expect(exclusion('kind', 'server').text).toBe('kind != server');
    expect(exclusion(field, 'nil').text).toBe('span.http.route != nil');
  });
  it('are either wanted or left out', () => {
    expect(writeFilter(toggleExcluded(toggleIncluded([], field, '"/a"'), field, '"/a"'))).toBe('{ !(span.http.route = "/a") }');
    expect(writeFilter(toggleIncluded(toggleExcluded([], field, '"/a"'), field, '"/a"'))).toBe('{ span.http.route = "/a" }');
  });
  it('have fields and literals of the language', () => {
    expect(fieldOf({ scope: 'scope', name: 'a b' })).toBe('instrumentation."a b"');
    expect(fieldOf({ scope: 'intrinsic', name: 'status_message' })).toBe('statusMessage');
    expect(fieldOf({ scope: 'intrinsic', name: 'trace_state' })).toBeNull();
    const key = { scope: 'span', name: 'x' };
    expect(['string', 'int', 'bool', 'absent', 'bytes'].map((type) => literalOf(key, { text: '1', type }))).toEqual(['"1"', '1', '1', 'nil', null]);
    expect(literalOf(key, { text: 'NaN', type: 'double' })).toBeNull();
    expect(literalOf({ scope: 'intrinsic', name: 'kind' }, { text: 'server', type: 'int' })).toBe('server');
  });
  it('typed by hand are of the types that the key has', () => {
    expect(conditionOfTag('.code', '200').text).toBe('(.code = 200 || .code = "200")');
    expect(conditionOfTag('span.code', '200', ['int']).text).toBe('span.code = 200');
    expect(conditionOfTag('span.code', '200', ['string']).text).toBe('span.code = "200"');
    expect(conditionOfTag('.retry', 'true').text).toBe('(.retry = true || .retry = "true")');
    expect(conditionOfTag('span.n', 'many', ['int']).text).toBe('span.n = "many"');
  });
});
