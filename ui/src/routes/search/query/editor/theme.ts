import { EditorView } from '@codemirror/view';

/** The editor in the colours of the page: tokens only, so that a change of theme needs nothing. */
export const theme = EditorView.theme({
  '&': { fontSize: 'var(--text-s)', color: 'var(--text)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px', maxHeight: '160px' },
  '.cm-content': { padding: '5px 0', outline: 'none', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 var(--s2)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused .cm-matchingBracket, .cm-matchingBracket': { backgroundColor: 'var(--match)', outline: 'none' },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--error-soft)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--error)', textUnderlineOffset: '3px' },
  '.cm-tooltip': { border: '1px solid var(--control-line)', borderRadius: 'var(--radius)', backgroundColor: 'var(--bg)', color: 'var(--text)', boxShadow: 'var(--shadow)', zIndex: '30' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: 'var(--text-xs)', maxHeight: '320px', minWidth: '280px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { display: 'flex', alignItems: 'center', minHeight: '24px', padding: '0 var(--s2)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
  '.cm-completionLabel': { overflow: 'hidden', textOverflow: 'ellipsis' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
  '.cm-completionDetail': { marginLeft: 'auto', paddingLeft: 'var(--s4)', fontStyle: 'normal', color: 'var(--muted)', whiteSpace: 'nowrap' },
  '.cm-diagnostic': { fontSize: 'var(--text-xs)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--error)' },
});
