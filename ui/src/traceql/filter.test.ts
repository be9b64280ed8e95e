import { describe, expect, it } from 'vitest';
import { condition, conditionOf, narrowed, readFilter, writeFilter } from './filter';
import { canonicalField, durationLiteral, quote, quoteName, typedDuration, unquote } from './literal';
import { tokenize } from './token';

const texts = (query: string) => tokenize(query).map(({ kind, from, to }) => `${kind}:${query.slice(from, to)}`);

describe('tokens', () => {
  it('are those of the server', () => {
    expect(texts('{span.http.route!="/a\\"b"}|rate()')).toEqual([
      'operator:{', 'field:span.http.route', 'operator:!=', 'string:"/a\\"b"', 'operator:}', 'operator:|', 'word:rate', 'operator:(', 'operator:)',
    ]);
    expect(texts('.a-b * 1.5s')).toEqual(['field:.a-b', 'space: ', 'operator:*', 'space: ', 'number:1.5s']);
    expect(texts('trace:rootName=`x`')).toEqual(['field:trace:rootName', 'operator:=', 'string:`x`']);
    expect(texts('1m30s>=.5')).toEqual(['number:1m30s', 'operator:>=', 'number:.5']);
    expect(texts('span."a b"=1//end')).toEqual(['field:span."a b"', 'operator:=', 'number:1', 'comment://end']);
    expect(texts('parent.span.x&>>{')).toEqual(['field:parent.span.x', 'operator:&>>', 'operator:{']);
  });
  it('cover any text without a gap', () => {
    for (const text of ['', '"open', "'x'", '/* open', '{ä.ö=💥}', '&', 'span.', 'a:b', '\u0000', '. .']) {
      const tokens = tokenize(text);
      expect(tokens.map(({ from, to }) => text.slice(from, to)).join('')).toBe(text);
      expect(tokens.every(({ from, to }) => to > from)).toBe(true);
    }
  });
});

describe('a filter', () => {
  it('is read condition by condition', () => {
    expect(readFilter('{ resource.service.name = "cart" && span:duration>=20ms && kind=server && .x }')).toEqual([
      { text: 'resource.service.name = "cart"', test: { field: 'resource.service.name', op: '=', values: ['"cart"'] } },
      { text: 'span:duration>=20ms', test: { field: 'duration', op: '>=', values: ['20ms'] } },
      { text: 'kind=server', test: { field: 'kind', op: '=', values: ['server'] } },
      { text: '.x' },
    ]);
  });
  it('reads several values, negation and signs', () => {
    expect(readFilter('{ (name = "a" || name = `b`) && !(span.x = 1) && span.y < -2 }')!.map((c) => c.test)).toEqual([
      { field: 'name', op: '=', values: ['"a"', '"b"'] },
      { field: 'span.x', op: '=', values: ['1'], negated: true },
      { field: 'span.y', op: '<', values: ['-2'] },
    ]);
  });
  it('keeps what it does not understand as text', () => {
    expect(readFilter('{ (name = "a" || kind = server) && .a + 1 > 2 && .b != "\\x41" }')).toEqual([{ text: '(name = "a" || kind = server)' }, { text: '.a + 1 > 2' }, { text: '.b != "\\x41"' }]);
    expect(readFilter('{ name = "a" || kind = server && .b = 1 }')).toEqual([{ text: '(name = "a" || kind = server && .b = 1)' }]);
  });
  it('is empty for all spans', () => {
    for (const query of ['', '  ', '{}', '{ }']) expect(readFilter(query)).toEqual([]);
    expect(writeFilter([])).toBe('');
  });
  it('is none of what is more than one filter, or broken', () => {
    for (const query of ['{ } | count() > 2', '{ .a } >> { .b }', '{ .a', '.a', '{ .a && }', '{ (.a }', '{ .a) }', '{ .a // why\n }', '{ "open }', '}{', '{ { } }', '{'])
      expect(readFilter(query), query).toBeNull();
  });
  it('is written as it was read', () => {
    const query = '{ resource.service.name = "cart" && !(span.x = 1) && (name = "a" || name = "b") && .c }';
    expect(writeFilter(readFilter(query)!)).toBe(query);
    for (const { text, test } of readFilter(query)!) if (test) expect(conditionOf(test).text).toBe(text);
  });
});

describe('narrowing', () => {
  const slow = [condition('duration >= 1s')];
  it('adds a condition to a filter', () => {
    expect(narrowed('', slow)).toBe('{ duration >= 1s }');
    expect(narrowed('{ .a || .b }', slow)).toBe('{ (.a || .b) && duration >= 1s }');
  });
  it('adds a stage to what is more than a filter, before the hints', () => {
    expect(narrowed('{ .a } >> { .b }', slow)).toBe('{ .a } >> { .b }\n| { duration >= 1s }');
    expect(narrowed('{ .a } | count() > 2 with(most_recent=true)', slow)).toBe('{ .a } | count() > 2\n| { duration >= 1s } with(most_recent=true)');
    expect(narrowed('{ .with = "with" } // with\n >> { }', slow)).toBe('{ .with = "with" } // with\n >> { }\n| { duration >= 1s }');
  });
  it('adds nothing for nothing', () => expect(narrowed('{ .a }', [])).toBe('{ .a }'));
});

describe('literals', () => {
  it('quote and unquote', () => {
    for (const text of ['', 'a"b', '\\', 'line\nbreak', 'tab\t', 'ü💥', '\u0001']) expect(unquote(quote(text))).toBe(text);
    expect(quote('\ud800')).toBe('"\ufffd"');
    expect(unquote('`a\\b`')).toBe('a\\b');
    expect(unquote('"\\x41"')).toBeNull();
  });
  it('write names with quotes only where they need them', () => {
    expect(quoteName('http.status-code')).toBe('http.status-code');
    expect(quoteName('1st')).toBe('"1st"');
    expect(quoteName('a b"c')).toBe('"a b\\"c"');
    expect(canonicalField('span."http.route"')).toBe('span.http.route');
    expect(canonicalField('span."a \\"b"')).toBe('span."a \\"b"');
    expect(canonicalField('span:kind')).toBe('kind');
  });
  it('write durations to the nanosecond', () => {
    expect([0, 999, 1000, 1_572_864, 2_000_000, 5_368_709_120, 60_000_000_000].map(durationLiteral)).toEqual(['0ns', '999ns', '1us', '1.572864ms', '2ms', '5.36870912s', '60s']);
    expect(['200ms', ' 1.5s ', '1m30s', '0', 'fast', '', '5'].map(typedDuration)).toEqual(['200ms', '1.5s', '1m30s', '0ns', null, null, null]);
  });
});
