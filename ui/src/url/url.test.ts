import { describe, expect, it } from 'vitest';
import { parseDiffSearch } from './diffSearch';
import { parseQuery, stringifyQuery } from './query';
import { normalTraceId, parseOrder, parseTraceSearch } from './traceSearch';
import { listQuestionOf, pageParams, questionOf, stretchIn, stretchParams, windowOf, zoomedTo } from './tracesQuery';
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

const parsed = (text: string) => parseTracesSearch(parseQuery(text));

describe('search params of /traces', () => {
  it('takes what is valid', () => {
    const text = '?q=%7B+.a+%7D&range=6h&limit=50&sort=longest&refresh=5&plot=table&heat=errors&facet=span.x&facet=resource.y.z&sel=10~20&dur=1ms~&compare=chosen&live=1';
    expect(parsed(text)).toEqual({
      q: '{ .a }',
      range: '6h',
      limit: 50,
      sort: 'longest',
      refresh: 5,
      plot: 'table',
      heat: 'errors',
      facet: ['span.x', 'resource.y.z'],
      sel: '10~20',
      dur: '1ms~',
      compare: 'chosen',
      live: '1',
    });
    expect(parsed(stringifyQuery(parsed(text)))).toEqual(parsed(text));
  });
  it('drops what is not, and keeps the rest', () => {
    expect(parsed('?q=x&range=2y&limit=0&sort=up&refresh=1&start=never&sel=20~10&dur=1ms~&facet=nowhere.x&a=1&live=yes&compare=all')).toEqual({ q: 'x' });
    expect(parsed('?sel=1~2&dur=2ms~1ms')).toEqual({ sel: '1~2' });
    expect(parsed('?dur=1ms~&compare=chosen')).toEqual({});
  });
  it('lets absolute times win over a range, and refuses half a pair', () => {
    const both = 'start=2026-11-22T10:00:00Z&end=2026-11-22T11:00:00Z';
    expect(parsed(`?range=5m&${both}`)).toEqual({ start: '2026-11-22T10:00:00Z', end: '2026-11-22T11:00:00Z' });
    expect(parsed('?range=5m&start=2026-11-22T10:00:00Z')).toEqual({ range: '5m' });
  });
  it('has a first pick where it has a second', () => {
    expect(parsed(`?b=${'1'.repeat(32)}`)).toEqual({ a: '1'.repeat(32) });
  });
  it('reads links from before the query as the conditions that they were', () => {
    expect(parsed('?service=cart&operation=Add+Item&kind=server&status=error&tag=http.route%3D/pay&tag=code%3D200&min=1ms&max=1.5s&sort=spans')).toEqual({
      q: '{ resource.service.name = "cart" && name = "Add Item" && kind = server && (status = error || span.error = true || span.error = "true") && .http.route = "/pay" && (.code = 200 || .code = "200") && duration >= 1ms && duration <= 1.5s }',
      sort: 'spans',
    });
    expect(parsed('?q=%7B+.a+%7D&status=ok').q).toBe('{ .a && status = ok }');
    expect(parsed('?service=&kind=carrot&status=bad&tag=novalue&min=fast')).toEqual({});
  });
});

describe('what is asked of the API', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const search = parsed('?q=%7B+.a+%7D&start=2026-11-22T10:00:00.000Z&end=2026-11-22T11:00:00.000Z');
  it('is the query in a window', () => {
    const params = pageParams(questionOf(search, now), { sort: 'spans', limit: 50, after: 'token' });
    expect(Object.fromEntries(params)).toEqual({ q: '{ .a }', start: '1795341600000000000', end: '1795345200000000000', limit: '50', sort: 'spans', after: 'token' });
    expect(Object.fromEntries(pageParams(questionOf({}, now), {}))).toMatchObject({ limit: '20' });
    expect(pageParams(questionOf({}, now), {}).has('q')).toBe(false);
  });
  it('lets a range end now', () => {
    const { start } = windowOf({ range: '15m' }, now);
    expect(start).toBe(`${Date.parse('2026-11-22T11:45:00Z')}000000`);
  });
  it('is for the list what is chosen in the heatmap', () => {
    const chosen = { ...search, ...stretchParams({ from: 1795341700000000001n, to: 1795341800000000002n, min: 1_572_864, below: 20_000_000 }) };
    expect(chosen).toMatchObject({ sel: '1795341700000000001~1795341800000000002', dur: '1.572864ms~20ms' });
    expect(stretchIn(parsed(stringifyQuery(chosen)))).toEqual({ from: 1795341700000000001n, to: 1795341800000000002n, min: 1_572_864, below: 20_000_000 });
    expect(listQuestionOf(chosen, now)).toEqual({ q: '{ .a && duration >= 1.572864ms && duration < 20ms }', window: { start: '1795341700000000001', end: '1795341800000000002' } });
    expect(questionOf(chosen, now)).toEqual(questionOf(search, now));
  });
  it('cuts what is chosen to the window, and never asks for an empty one', () => {
    const wide = listQuestionOf({ ...search, sel: '5~1795341600000000007' }, now);
    expect(wide.window).toEqual({ start: '1795341600000000000', end: '1795341600000000007' });
    expect(listQuestionOf({ ...search, sel: '5~6' }, now).window).toEqual({ start: '1795341600000000000', end: '1795341600000000001' });
  });
  it('zooms to what is chosen, outwards to whole milliseconds', () => {
    const chosen = { ...search, sel: '1795341700000000001~1795341800000000002', dur: '~20ms', compare: 'chosen' as const };
    expect(zoomedTo(chosen, stretchIn(chosen)!)).toEqual({ q: '{ .a && duration < 20ms }', start: '2026-11-22T10:01:40.000Z', end: '2026-11-22T10:03:20.001Z' });
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

describe('search params of /traces/diff', () => {
  const id = 'ab'.repeat(16);
  it('takes ids as people paste them, and drops what is none', () => {
    expect(parseDiffSearch(parseQuery(`?a=${id}&b=+ABC+&only=differences`))).toEqual({ a: id, b: 'abc'.padStart(32, '0'), only: 'differences' });
    expect(parseDiffSearch(parseQuery(`?a=xyz&b=${id}0&only=all`))).toEqual({});
    expect(parseDiffSearch({ b: id })).toEqual({ b: id });
  });
});

describe('what the router is told', () => {
  it('is to forget params that are not valid, which it would keep', () => {
    for (const [parsed, key] of [
      [parseTraceSearch({ view: 'cube' }), 'view'],
      [parseTracesSearch({ limit: 0 }), 'limit'],
      [parseTracesSearch({ service: 'checkout' }), 'service'],
    ] as const) {
      expect(Object.entries(parsed)).toContainEqual([key, undefined]);
    }
  });
});
