// TraceQL cut into tokens, as the server's parser cuts it. Used by the editor
// for colours and completion, and by the form to find the conditions in a query.

export type TokenKind = 'space' | 'comment' | 'string' | 'number' | 'field' | 'word' | 'operator' | 'bad';

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
}

const SCOPES = 'span|resource|instrumentation|event|link|trace|parent';
const QUOTED = '"(?:[^"\\\\\\n]|\\\\.)*"';
/** What an attribute name without quotes may have; arithmetic signs are among it. */
const NAME = `(?:(?!\\/[/*])[^\\s{}()=~!<>&|^,"'\`]|${QUOTED})+`;

// In the order in which they are tried.
const RULES: ReadonlyArray<readonly [TokenKind, string]> = [
  ['space', '\\s+'],
  ['comment', '\\/\\/[^\\n]*|\\/\\*[^]*?\\*\\/'],
  ['string', `${QUOTED}|\`[^\`]*\``],
  ['number', '(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?(?:\\p{L}+(?:\\d+\\.?\\d*|\\.\\d+)?)*'],
  ['field', `\\.${NAME}|parent\\.(?:(?:${SCOPES})\\.)?${NAME}|(?:${SCOPES})\\.${NAME}|(?:${SCOPES}):[\\p{L}\\d_]+`],
  ['word', '[\\p{L}\\d_]+'],
  ['operator', '!>>|!<<|&>>|&<<|&&|\\|\\||&>|&<|&~|!>|!<|!~|!=|=~|>>|<<|>=|<=|[{}(),|=><~!+\\-*/%^]'],
  ['bad', '[^]'],
];

const PATTERN = new RegExp(RULES.map(([, source]) => `(${source})`).join('|'), 'uy');

/** All tokens, white space included: they cover the text without a gap. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at = token.to;
  }
  return tokens;
}

/** The token that begins at a place. */
export function tokenAt(text: string, from: number): Token {
  PATTERN.lastIndex = from;
  const match = PATTERN.exec(text)!;
  const kind = RULES[match.slice(1).findIndex((part) => part !== undefined)]![0];
  return { kind, from, to: PATTERN.lastIndex };
}
