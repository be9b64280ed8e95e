import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { operationsQuery, servicesQuery } from '../../../api/queries';
import { KINDS } from '../../../api/schema';
import { groupBy } from '../../../collections/groupBy';
import { Button } from '../../../components/form/Button';
import { Combobox } from '../../../components/form/Combobox';
import { SelectField, TextField } from '../../../components/form/Field';
import { formatCount, plural } from '../../../format/count';
import { FAILED_VALUE, ROOTS } from '../../../search/form';
import { useTraces } from '../context';
import { narrowScreen } from '../narrowScreen';
import { AttributeField } from './AttributeField';
import css from './Query.module.css';
import type { Draft } from './useDraft';

const KIND_OPTIONS = [['', 'any'] as const, ...KINDS.map((kind) => [kind, kind] as const)];
const STATUS_OPTIONS = [
  ['', 'any'],
  [FAILED_VALUE, 'failed: error, or marked error=true'],
  ['error', 'error'],
  ['ok', 'ok'],
  ['unset', 'unset'],
] as const;
const POSITION_OPTIONS = [['', 'any'] as const, ['root', 'roots only'] as const];

/** The conditions of the query as fields. What it has no field for stands below as it is written. */
export function QueryForm({ draft }: { draft: Draft }) {
  const { search } = useTraces();
  const { form } = draft;
  const services = useQuery(servicesQuery(search));
  const operations = useQuery(operationsQuery(form?.service ?? '', search));
  const root = form?.others.find(({ text }) => text === ROOTS.text);
  const others = form?.others.filter((condition) => condition !== root) ?? [];
  const off = form === null;

  return (
    <details className={css.fold} open={!narrowScreen()}>
      <summary>Form</summary>
      <fieldset className={css.fields} disabled={off} aria-label="Conditions that must all hold of one span">
        <Combobox
          label="Service"
          placeholder="any service"
          disabled={off}
          value={form?.service ?? ''}
          loading={services.isPending}
          hint={services.error?.message}
          choices={(services.data?.services ?? []).map(({ name, spans, errors }) => ({
            value: name,
            note: errors > 0 ? `${plural(spans, 'span')}, ${plural(errors, 'error')}` : plural(spans, 'span'),
          }))}
          onChange={(service) => draft.setField('service', service)}
        />
        <Combobox
          label="Operation"
          placeholder="any operation"
          disabled={off}
          value={form?.operation ?? ''}
          loading={operations.isLoading}
          hint={form?.service === '' ? 'Choose a service to see its operations; any name works.' : operations.error?.message}
          choices={distinctOperations(operations.data?.operations ?? [])}
          onChange={(operation) => draft.setField('operation', operation)}
        />
        <SelectField label="Status" value={form?.status ?? ''} onChange={(status) => draft.setField('status', status)} options={STATUS_OPTIONS} />
        <SelectField label="Kind" value={form?.kind ?? ''} onChange={(kind) => draft.setField('kind', kind)} options={KIND_OPTIONS} />
        <SelectField label="Spans" value={root ? 'root' : ''} onChange={(value) => (value === 'root' ? draft.add(ROOTS) : root && draft.remove(root))} options={POSITION_OPTIONS} />
        <TextField label="Min duration" placeholder="200ms" value={draft.durations.min} problem={draft.problems.min} onChange={(e) => draft.setDuration('min', e.target.value)} />
        <TextField label="Max duration" placeholder="1.5s" value={draft.durations.max} problem={draft.problems.max} onChange={(e) => draft.setDuration('max', e.target.value)} />
        <AttributeField disabled={off} onAdd={draft.add} />
      </fieldset>
      {others.length > 0 && (
        <ul className={css.chips} aria-label="Further conditions">
          {others.map((condition) => (
            <li key={condition.text} className={css.chip}>
              <span title={condition.text}>{condition.text}</span>
              <Button quiet small icon aria-label={`Remove ${condition.text}`} onClick={() => draft.remove(condition)}>
                <X size={12} aria-hidden="true" />
              </Button>
            </li>
          ))}
        </ul>
      )}
      {off && (
        <p className={css.beyond} role="status">
          This query is more than one filter, or not complete: edit it as text.{' '}
          <Button small onClick={() => draft.setText('')}>
            Start over with the form
          </Button>
        </p>
      )}
    </details>
  );
}

/** One choice per name; an operation can exist in several kinds. */
function distinctOperations(operations: readonly { name: string; kind: string; spans: number }[]) {
  return [...groupBy(operations, (operation) => operation.name)].map(([value, same]) => ({
    value,
    note: `${same.map((o) => o.kind).join(', ')} · ${formatCount(same.reduce((n, o) => n + o.spans, 0))}`,
  }));
}
