import { describe, expect, it } from 'vitest';
import { parseQuery, stringifyQuery } from './query';
import { normalTraceId, parseOrder, parseTraceSearch } from './traceSearch';
import { checkDraft, draftOf, searchOf, toApiParams, windowOf } from './tracesQuery';
import { parseTracesSearch } from './tracesSearch';

describe('query strings', () => {
  it('are plain, and lists repeat their key', () => {
    const text = stringifyQuery({ service: 'edge gateway', tag: ['http.route=/pay', 'a=b=c'], limit: 50, q: undefined });
    expect(text).toBe('?service=edge+gateway&tag=http.route%3D/pay&tag=a%3Db%3Dc&limit=50');
    expect(parseQuery(text)).toEqual({ service: 'edge gateway', tag: ['http.route=/pay', 'a=b=c'], limit: '50' });
  });
  it('keep an id that looks like a number', () => {
    expect(parseQuery('?span=0000000000000012').span).toBe('0000000000000012');
  });
  it('are empty for nothing', () => expect(stringifyQuery({})).toBe(''));
});

describe('search params of /traces', () => {
  it('takes what is valid', () => {
    const raw = parseQuery('?service=cart&kind=server&status=error&tag=a%3Db&min=200ms&max=1.5s&range=6h&limit=50&sort=longest&refresh=5');
    expect(parseTracesSearch(raw)).toEqual({
      service: 'cart',
      kind: 'server',
      status: 'error',
      tag: ['a=b'],
      min: '200ms',
      max: '1.5s',
      range: '6h',
      limit: 50,
      sort: 'longest',
      refresh: 5,
    });
  });
  it('drops what is not, and keeps the rest', () => {
    const raw = parseQuery('?service=cart&kind=carrot&status=bad&tag=novalue&min=fast&range=2y&limit=0&sort=up&refresh=1&start=never');
    expect(parseTracesSearch(raw)).toEqual({ service: 'cart' });
  });
  it('lets absolute times win over a range, and refuses half a pair', () => {
    const both = 'start=2026-11-22T10:00:00Z&end=2026-11-22T11:00:00Z';
    expect(parseTracesSearch(parseQuery(`?range=5m&${both}`))).toEqual({ start: '2026-11-22T10:00:00Z', end: '2026-11-22T11:00:00Z' });
    expect(parseTracesSearch(parseQuery('?range=5m&start=2026-11-22T10:00:00Z'))).toEqual({ range: '5m' });
  });
});

describe('form and params', () => {
  const search = parseTracesSearch(
    parseQuery('?service=cart&operation=AddItem&kind=server&tag=a%3Db&tag=c%3Dd&min=1ms&start=2026-11-22T10:00:00.000Z&end=2026-11-22T11:00:00.000Z&limit=50&sort=spans'),
  );
  it('goes to the form and back without loss', () => {
    expect(searchOf(draftOf(search), search)).toEqual(search);
    expect(searchOf(draftOf({}), {})).toEqual({});
  });
  it('finds what is wrong in a draft', () => {
    const draft = draftOf({});
    expect(checkDraft(draft)).toEqual({});
    expect(checkDraft({ ...draft, min: 'fast' }).min).toContain('200ms');
    expect(checkDraft({ ...draft, min: '2s', max: '1s' }).max).toContain('below');
    expect(checkDraft({ ...draft, range: 'custom' }).time).toContain('both');
    expect(checkDraft({ ...draft, range: 'custom', start: '2026-11-22T11:00:00Z', end: '2026-11-22T10:00:00Z' }).time).toContain('before');
  });
  it('asks the API for what the params say', () => {
    const params = toApiParams(search, new Date(0));
    expect(params.getAll('tag')).toEqual(['a=b', 'c=d']);
    expect(Object.fromEntries(params)).toMatchObject({
      service: 'cart',
      operation: 'AddItem',
      kind: 'server',
      minDuration: '1ms',
      start: '1795341600000000000',
      end: '1795345200000000000',
      limit: '50',
      sort: 'spans',
    });
    expect(params.has('maxDuration')).toBe(false);
    expect(params.has('status')).toBe(false);
  });
  it('lets a range end now', () => {
    const now = new Date('2026-11-22T12:00:00Z');
    const { start } = windowOf({ range: '15m' }, now);
    expect(start).toBe(`${Date.parse('2026-11-22T11:45:00Z')}000000`);
  });
});

describe('search params of a trace', () => {
  it('takes what is valid and drops the rest', () => {
    expect(parseTraceSearch(parseQuery('?view=table&span=00000000000000ff~2&q=pay&from=10&to=20&skew=off&order=-self'))).toEqual({
      view: 'table',
      span: '00000000000000ff~2',
      q: 'pay',
      from: 10,
      to: 20,
      skew: 'off',
      order: '-self',
    });
    expect(parseTraceSearch(parseQuery('?view=cube&span=xyz&from=20&to=10&skew=on&order=shoe'))).toEqual({});
  });
  it('reads the order', () => {
    expect(parseOrder('-self')).toEqual({ column: 'self', descending: true });
    expect(parseOrder(undefined)).toEqual({ column: 'tree', descending: false });
  });
  it('reads trace ids as people paste them', () => {
    expect(normalTraceId(' ABC ')).toBe('abc'.padStart(32, '0'));
    expect(normalTraceId('')).toBeNull();
    expect(normalTraceId('xyz')).toBeNull();
    expect(normalTraceId('0'.repeat(33))).toBeNull();
  });
});
