import { SelectField, TextField } from '../../components/form/Field';
import { toLocalInput, zoneName } from '../../format/time';
import type { SearchDraft } from '../../url/tracesQuery';
import { RANGE_NAMES, RANGES } from '../../url/tracesSearch';
import css from './SearchForm.module.css';

interface TimeFieldProps {
  draft: SearchDraft;
  problem?: string;
  onChange: (part: Partial<SearchDraft>) => void;
}

const NAMES: Record<string, string> = {
  '5m': 'Last 5 minutes',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

const OPTIONS = [...RANGE_NAMES.map((name) => [name, NAMES[name]!] as const), ['custom', 'From … to …'] as const];

export function TimeField({ draft, problem, onChange }: TimeFieldProps) {
  const choose = (range: string) => {
    if (range !== 'custom' || draft.start) return onChange({ range });
    // Start from the range that was chosen until now.
    const now = Date.now();
    const minutes = RANGES[draft.range as keyof typeof RANGES] ?? 60;
    onChange({ range, start: new Date(now - minutes * 60_000).toISOString(), end: new Date(now).toISOString() });
  };
  return (
    <fieldset className={css.group}>
      <SelectField label="Time" value={draft.range} onChange={choose} options={OPTIONS} />
      {draft.range === 'custom' && (
        <>
          <Moment label="Start" value={draft.start} onChange={(start) => onChange({ start })} />
          <Moment label="End" value={draft.end} onChange={(end) => onChange({ end })} />
          <p className={css.zone}>Times are {zoneName(new Date())}.</p>
        </>
      )}
      {problem && (
        <p className={css.problem} role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function Moment({ label, value, onChange }: { label: string; value: string; onChange: (iso: string) => void }) {
  const date = new Date(value);
  const known = !Number.isNaN(date.getTime());
  return (
    <TextField
      label={label}
      type="datetime-local"
      step={1}
      value={known ? toLocalInput(date) : ''}
      onChange={(event) => onChange(event.target.value ? new Date(event.target.value).toISOString() : '')}
    />
  );
}
