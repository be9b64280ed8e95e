import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type Ref, useState } from 'react';
import { operationsQuery, servicesQuery } from '../../api/queries';
import { KINDS } from '../../api/schema';
import { Button } from '../../components/form/Button';
import { Combobox } from '../../components/form/Combobox';
import { SelectField, TextField } from '../../components/form/Field';
import { groupBy } from '../../collections/groupBy';
import { formatCount, plural } from '../../format/count';
import { checkDraft, type DraftProblems, draftOf, type SearchDraft, searchOf } from '../../url/tracesQuery';
import { LIMITS, type TracesSearch } from '../../url/tracesSearch';
import css from './SearchForm.module.css';
import { TagsField } from './TagsField';
import { TimeField } from './TimeField';

interface SearchFormProps {
  search: TracesSearch;
  onSearch: (search: TracesSearch) => void;
  busy: boolean;
  ref?: Ref<HTMLFormElement>;
}

const KIND_OPTIONS = [['', 'any'] as const, ...KINDS.map((kind) => [kind, kind] as const)];
const STATUS_OPTIONS = [['', 'any'] as const, ['error', 'error'] as const, ['ok', 'ok'] as const, ['unset', 'unset'] as const];

export function SearchForm({ search, onSearch, busy, ref }: SearchFormProps) {
  const [draft, setDraft] = useState<SearchDraft>(() => draftOf(search));
  const [problems, setProblems] = useState<DraftProblems>({});
  const set = (part: Partial<SearchDraft>) => setDraft((before) => ({ ...before, ...part }));

  const services = useQuery(servicesQuery(search));
  const operations = useQuery(operationsQuery(draft.service, search));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = checkDraft(draft);
    setProblems(found);
    if (Object.keys(found).length === 0) onSearch(searchOf(draft, search));
  };
  const clear = () => onSearch({ range: search.range, start: search.start, end: search.end, sort: search.sort });

  const limits = [...new Set([...LIMITS.map(String), draft.limit])].toSorted((a, b) => Number(a) - Number(b));

  return (
    <form className={css.form} onSubmit={submit} ref={ref} aria-label="Find traces">
      <Combobox
        label="Service"
        placeholder="any service"
        value={draft.service}
        loading={services.isPending}
        hint={services.error?.message}
        choices={(services.data?.services ?? []).map(({ name, spans, errors }) => ({
          value: name,
          note: errors > 0 ? `${plural(spans, 'span')}, ${plural(errors, 'error')}` : plural(spans, 'span'),
        }))}
        onChange={(service) => set({ service, operation: service === draft.service ? draft.operation : '' })}
      />
      <Combobox
        label="Operation"
        placeholder="any operation"
        value={draft.operation}
        loading={operations.isLoading}
        hint={draft.service === '' ? 'Choose a service to see its operations; any name works.' : operations.error?.message}
        choices={distinctOperations(operations.data?.operations ?? [])}
        onChange={(operation) => set({ operation })}
      />
      <div className={css.pair}>
        <SelectField label="Kind" value={draft.kind} onChange={(kind) => set({ kind })} options={KIND_OPTIONS} />
        <SelectField label="Status" value={draft.status} onChange={(status) => set({ status })} options={STATUS_OPTIONS} />
      </div>
      <TagsField search={search} tags={draft.tags} onChange={(tags) => set({ tags })} />
      <div className={css.pair}>
        <TextField label="Min duration" placeholder="200ms" value={draft.min} problem={problems.min} onChange={(e) => set({ min: e.target.value })} />
        <TextField label="Max duration" placeholder="1.5s" value={draft.max} problem={problems.max} onChange={(e) => set({ max: e.target.value })} />
      </div>
      <TimeField draft={draft} problem={problems.time} onChange={set} />
      <SelectField
        label="At most"
        value={draft.limit}
        onChange={(limit) => set({ limit })}
        options={limits.map((limit) => [limit, plural(Number(limit), 'trace')] as const)}
      />
      <div className={css.actions}>
        <Button type="submit" primary aria-busy={busy}>
          Find traces
        </Button>
        <Button onClick={clear}>Clear</Button>
      </div>
    </form>
  );
}

/** One choice per name; an operation can exist in several kinds. */
function distinctOperations(operations: readonly { name: string; kind: string; spans: number }[]) {
  return [...groupBy(operations, (operation) => operation.name)].map(([value, same]) => ({
    value,
    note: `${same.map((o) => o.kind).join(', ')} · ${formatCount(same.reduce((n, o) => n + o.spans, 0))}`,
  }));
}
