import { Link } from '@tanstack/react-router';
import { Trash2, X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type FormEvent, useState } from 'react';
import { Button } from '../../../components/form/Button';
import { TextField } from '../../../components/form/Field';
import overlay from '../../../components/shell/Overlay.module.css';
import { useViews } from '../../../state/views';
import { DEFAULT_RANGE, stripped, type TracesSearch } from '../../../url/tracesSearch';
import { useTraces } from '../context';
import css from './Views.module.css';

/** What makes a view: the search, not what is picked or chosen in it at the moment. */
const viewOf = (search: TracesSearch): TracesSearch => stripped({ ...search, a: undefined, b: undefined, sel: undefined, dur: undefined, compare: search.compare === 'chosen' ? undefined : search.compare });

/** Searches saved under a name: open, replace, delete. */
export default function Views({ onClose }: { onClose: () => void }) {
  const { search } = useTraces();
  const { views, problem, save, remove } = useViews();
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return;
    save({ name: name.trim().slice(0, 100), search: viewOf(search) });
    setName('');
  };
  return (
    <Dialog.Root open onOpenChange={(open) => open || onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.veil} />
        <Dialog.Content className={`${overlay.panel} ${overlay.ask}`} aria-describedby={undefined}>
          <div className={overlay.head}>
            <Dialog.Title>Saved views</Dialog.Title>
            <Dialog.Close asChild>
              <Button quiet small icon aria-label="Close">
                <X size={16} aria-hidden="true" />
              </Button>
            </Dialog.Close>
          </div>
          <form className={css.save} onSubmit={submit}>
            <TextField label="Save what is shown as" placeholder="a name" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
            <Button type="submit" primary disabled={name.trim() === ''}>
              {views.some((view) => view.name === name.trim()) ? 'Replace' : 'Save'}
            </Button>
          </form>
          {problem && (
            <p className={css.problem} role="alert">
              {problem}
            </p>
          )}
          {views.length === 0 ? (
            <p className={css.none}>None yet. A view keeps the query, the time, the order and what is listed; views stay in this browser.</p>
          ) : (
            <ul className={css.views} aria-label="Saved views">
              {views.map((view) => (
                <li key={view.name}>
                  <Link to="/traces" search={view.search} onClick={onClose}>
                    <strong>{view.name}</strong>
                    <span>{said(view.search)}</span>
                  </Link>
                  <Button quiet small icon aria-label={`Delete the view ${view.name}`} onClick={() => remove(view.name)}>
                    <Trash2 size={14} aria-hidden="true" />
                  </Button>
                </li>
              ))}
            </ul>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function said({ q, range, start, end, sort, live }: TracesSearch): string {
  const when = start ? `${start.slice(0, 16)} to ${end!.slice(0, 16)}` : `last ${range ?? DEFAULT_RANGE}`;
  return [q ?? 'all spans', live ? 'live' : when, sort && `${sort} first`].filter(Boolean).join(' · ');
}
