import { Bookmark, Radio } from 'lucide-react';
import { type FormEvent, lazy, type Ref, Suspense, useState } from 'react';
import { Button } from '../../../components/form/Button';
import { useTraces } from '../context';
import css from './Query.module.css';
import { QueryForm } from './QueryForm';
import { QueryInput } from './QueryInput';
import { TimeField } from './TimeField';
import { useDraft } from './useDraft';
import { useMistake } from './useMistake';

const Views = lazy(() => import('../views/Views'));

interface QueryBarProps {
  busy: boolean;
  /** Why the search was refused. */
  refused: Error | null;
  ref?: Ref<HTMLFormElement>;
}

/** What to look for and when: as text, and as a form that writes the text. */
export function QueryBar({ busy, refused, ref }: QueryBarProps) {
  const { search, question, change, refresh } = useTraces();
  const draft = useDraft(search.q ?? '');
  const problem = useMistake(draft.text, refused, search.q ?? '');
  const [views, setViews] = useState(false);

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (Object.keys(draft.problems).length > 0) return;
    const q = draft.text.trim();
    // The same search again means: ask again.
    if (q === (search.q ?? '')) refresh();
    else change({ q: q === '' ? undefined : q, sel: undefined, dur: undefined, compare: search.compare === 'chosen' ? undefined : search.compare });
  };
  const live = search.live !== undefined;

  return (
    <div className={css.bar}>
      <form className={css.form} onSubmit={submit} ref={ref} aria-label="Find traces">
        <QueryForm draft={draft} />
        <div className={css.line}>
          <QueryInput
            value={draft.text}
            onChange={draft.setText}
            onSubmit={submit}
            problem={problem}
            placeholder={'All spans. For example { status = error && duration > 200ms }'}
            search={search}
            window={question.window}
          />
          <Button type="submit" primary aria-busy={busy}>
            Find traces
          </Button>
        </div>
      </form>
      <div className={css.tools}>
        <TimeField />
        <Button aria-pressed={live} onClick={() => change({ live: live ? undefined : '1' })} title="Show spans as they arrive (l)">
          <Radio size={14} aria-hidden="true" /> Live
        </Button>
        <Button onClick={() => setViews(true)} aria-haspopup="dialog">
          <Bookmark size={14} aria-hidden="true" /> Views
        </Button>
      </div>
      <Suspense fallback={null}>{views && <Views onClose={() => setViews(false)} />}</Suspense>
    </div>
  );
}
