import { Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { placeAt } from './completion';
import { rangeOf } from './QueryEditor';

/** The place at the bar. */
const at = (marked: string) => placeAt(marked.replace('|', ''), marked.indexOf('|'));

describe('completion', () => {
  it('wants a field at the beginning of a condition', () => {
    expect(at('{ |')).toMatchObject({ kind: 'field', from: 2, text: '' });
    expect(at('{ resource.serv|')).toMatchObject({ kind: 'field', from: 2, text: 'resource.serv' });
    expect(at('{ .a = 1 && na|')).toMatchObject({ kind: 'field', text: 'na' });
    expect(at('{ (st|')).toMatchObject({ kind: 'field', text: 'st' });
  });
  it('wants a value behind a comparison, also inside of open quotes', () => {
    expect(at('{ kind = |')).toMatchObject({ kind: 'value', field: 'kind', text: '' });
    expect(at('{ span:status=er|')).toMatchObject({ kind: 'value', field: 'status', text: 'er' });
    expect(at('{ resource.service.name = "ca|')).toMatchObject({ kind: 'value', field: 'resource.service.name', from: 26, text: '"ca' });
    expect(at('{ .a =~ "x y|')).toMatchObject({ kind: 'value', field: '.a', text: '"x y' });
  });
  it('wants an operator where nothing can be completed', () => {
    expect(at('{ name |')).toBeNull();
    expect(at('{ name = "a"|')).toBeNull();
    expect(at('{ duration > 10|')).toBeNull();
  });
  it('wants a stage outside of filters', () => {
    expect(at('|')).toMatchObject({ kind: 'stage' });
    expect(at('{ } |')).toMatchObject({ kind: 'stage' });
  });
  it('wants a field in functions', () => {
    expect(placeAt('{ } | by(re', 11)).toMatchObject({ kind: 'field', text: 're' });
  });
});

describe('the place of an error', () => {
  it('is the token at the line and column, in characters', () => {
    const doc = Text.of(['{ "💥" =', '  naem = 1 }']);
    expect(doc.sliceString(...Object.values(rangeOf(doc, { line: 2, column: 3 })) as [number, number])).toBe('naem');
    expect(doc.sliceString(...Object.values(rangeOf(doc, { line: 1, column: 7 })) as [number, number])).toBe('=');
  });
  it('is the last character at the end of the text', () => {
    const doc = Text.of(['{ .a']);
    expect(rangeOf(doc, { line: 1, column: 5 })).toEqual({ from: 3, to: 4 });
    expect(rangeOf(doc, { line: 9, column: 99 })).toEqual({ from: 3, to: 4 });
    expect(rangeOf(Text.of(['']), { line: 1, column: 1 })).toEqual({ from: 0, to: 0 });
  });
});
