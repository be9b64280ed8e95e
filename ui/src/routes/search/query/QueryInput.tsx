import { type KeyboardEvent, lazy, Suspense, useId, useRef } from 'react';
import type { Window } from '../../../api/client';
import type { Place } from '../../../api/error';
import type { TracesSearch } from '../../../url/tracesSearch';
import css from './Query.module.css';

const QueryEditor = lazy(() => import('./editor/QueryEditor'));

/** What is wrong with a query, and with which. */
export interface Problem {
  query: string;
  message: string;
  place?: Place;
}

export interface QueryInputProps {
  value: string;
  onChange: (text: string) => void;
  onSubmit: () => void;
  problem: Problem | null;
  placeholder: string;
  search: Pick<TracesSearch, 'range' | 'start' | 'end'>;
  window: Window;
  labels: { id: string; label: string; describedBy: string };
  /** Whether what stood here before had the focus. */
  focused: () => boolean;
}

type Props = Omit<QueryInputProps, 'labels' | 'focused'>;

/** The query as text. A plain field until the editor is loaded, so that nobody waits to type. */
export function QueryInput(props: Props) {
  const id = useId();
  const plain = useRef<HTMLTextAreaElement>(null);
  // Asked while the editor mounts, when the plain field has gone already.
  const hadFocus = useRef(false);
  const labels = { id, label: 'Query', describedBy: `${id}-note` };
  const { problem } = props;
  const submitOnEnter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    props.onSubmit();
  };
  return (
    <div className={css.query}>
      <div className={css.input} data-invalid={problem ? '' : undefined} data-query-input="">
        <Suspense
          fallback={
            <textarea
              ref={plain}
              rows={1}
              className={css.plain}
              aria-label={labels.label}
              aria-describedby={labels.describedBy}
              spellCheck={false}
              value={props.value}
              placeholder={props.placeholder}
              onFocus={() => (hadFocus.current = true)}
              onBlur={() => (hadFocus.current = false)}
              onChange={(event) => props.onChange(event.target.value)}
              onKeyDown={submitOnEnter}
            />
          }
        >
          <QueryEditor {...props} labels={labels} focused={() => hadFocus.current} />
        </Suspense>
      </div>
      <p className={problem ? css.problem : css.note} id={labels.describedBy} role={problem ? 'alert' : undefined}>
        {problem ? `${problem.place ? `Line ${problem.place.line}, column ${problem.place.column}: ` : ''}${problem.message}` : 'TraceQL. Enter searches, Shift+Enter breaks the line, Ctrl+Space completes.'}
      </p>
    </div>
  );
}
