// Colours for TraceQL: the tokens of the language, line by line.
import { HighlightStyle, type StreamParser, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import { tokenAt, type TokenKind } from '../../../../traceql/token';
import { FUNCTIONS, INTRINSICS, LITERAL_WORDS } from './words';

interface State {
  /** Inside of something that goes on from the line before. */
  inside: 'comment' | 'raw' | null;
}

const STYLE: Partial<Record<TokenKind, string>> = { comment: 'comment', string: 'string', number: 'number', field: 'propertyName', operator: 'operator' };
const ENDS = { comment: '*/', raw: '`' } as const;

const parser: StreamParser<State> = {
  name: 'traceql',
  startState: () => ({ inside: null }),
  token(stream, state) {
    if (!state.inside && stream.match('/*', false)) state.inside = 'comment';
    if (!state.inside && stream.match('`', false)) state.inside = 'raw';
    if (state.inside) {
      const { inside } = state;
      const opened = stream.match(inside === 'comment' ? '/*' : '`') ? stream.pos : stream.start;
      const end = stream.string.indexOf(ENDS[inside], opened);
      if (end < 0) stream.skipToEnd();
      else {
        stream.pos = end + ENDS[inside].length;
        state.inside = null;
      }
      return inside === 'comment' ? 'comment' : 'string';
    }
    const { kind, to } = tokenAt(stream.string, stream.pos);
    const text = stream.string.slice(stream.pos, to);
    stream.pos = to;
    if (kind !== 'word') return STYLE[kind] ?? null;
    if (LITERAL_WORDS.includes(text)) return 'atom';
    if ((FUNCTIONS as readonly string[]).includes(text)) return 'keyword';
    return INTRINSICS.some(({ label }) => label === text) ? 'propertyName' : null;
  },
  languageData: { closeBrackets: { brackets: ['(', '{', '"', '`'] } },
};

const colors = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--ok)' },
  { tag: tags.number, color: 'var(--warn)' },
  { tag: tags.atom, color: 'var(--warn)' },
  { tag: tags.keyword, fontWeight: '600' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
]);

export const traceql = [StreamLanguage.define(parser), syntaxHighlighting(colors)];
