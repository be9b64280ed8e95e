import { autocompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec, type Text } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { tokenAt } from '../../../../traceql/token';
import type { QueryInputProps } from '../QueryInput';
import { completions } from './source';
import { theme } from './theme';
import { traceql } from './language';

/** A TraceQL editor: colours, completion of stored keys and values, the server's errors underlined. */
export default function QueryEditor(props: QueryInputProps) {
  const { value, problem, labels, search, window } = props;
  const client = useQueryClient();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ ...props, client });
  useEffect(() => {
    latest.current = { ...props, client };
  });

  useEffect(() => {
    const submit = () => {
      latest.current.onSubmit();
      return true;
    };
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          traceql,
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [completions(() => latest.current)], maxRenderedOptions: 60, icons: false }),
          Prec.high(keymap.of([{ key: 'Enter', run: submit }, { key: 'Mod-Enter', run: submit }])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
          placeholder(latest.current.placeholder),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': labels.label, 'aria-describedby': labels.describedBy, id: labels.id, spellcheck: 'false' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          theme,
        ],
      }),
    });
    view.current = editor;
    if (latest.current.focused()) editor.focus();
    return () => editor.destroy();
  }, [labels.label, labels.describedBy, labels.id]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const at = problem?.place && doc.toString() === problem.query ? rangeOf(doc, problem.place) : null;
    const found: Diagnostic[] = at ? [{ ...at, severity: 'error', message: problem!.message }] : [];
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [problem, value, search, window]);

  return <div ref={host} />;
}

/** The token at a line and column that count from 1, the column in characters. */
export function rangeOf(doc: Text, { line, column }: { line: number; column: number }): { from: number; to: number } {
  const { from, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const start = [...text].slice(0, column - 1).join('').length;
  if (start >= text.length) return { from: Math.max(from, from + text.length - 1), to: from + text.length };
  return { from: from + start, to: from + tokenAt(text, start).to };
}
