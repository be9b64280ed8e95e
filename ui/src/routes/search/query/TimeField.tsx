import { type KeyboardEvent, useState } from 'react';
import { SelectField, TextField } from '../../../components/form/Field';
import { nsToDate, toLocalInput, zoneName } from '../../../format/time';
import { DEFAULT_RANGE, RANGE_NAMES, type RangeName, type TracesSearch } from '../../../url/tracesSearch';
import { useTraces } from '../context';
import css from './Query.module.css';

const NAMES: Record<RangeName, string> = {
  '5m': 'Last 5 minutes',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

const OPTIONS = [...RANGE_NAMES.map((name) => [name, NAMES[name]] as const), ['custom', 'From … to …'] as const];

/** When: takes effect at once. What is chosen in the heatmap belongs to the time before. */
export function TimeField() {
  const { search, question, change } = useTraces();
  const custom = search.start !== undefined;
  const apply = (part: Partial<TracesSearch>) => change({ ...part, sel: undefined, dur: undefined, compare: search.compare === 'chosen' ? undefined : search.compare });
  const choose = (range: string) => {
    if (range !== 'custom') return apply({ range: range === DEFAULT_RANGE ? undefined : (range as RangeName), start: undefined, end: undefined });
    // Start from the range that was chosen until now.
    const { start, end } = question.window;
    apply({ range: undefined, start: nsToDate(start).toISOString(), end: nsToDate(end).toISOString() });
  };
  return (
    <fieldset className={css.time} aria-label="Time">
      <SelectField label="Time" value={custom ? 'custom' : (search.range ?? DEFAULT_RANGE)} onChange={choose} options={OPTIONS} />
      {custom && <Moments key={`${search.start}~${search.end}`} start={search.start!} end={search.end!} onApply={apply} />}
    </fieldset>
  );
}

function Moments({ start, end, onApply }: { start: string; end: string; onApply: (window: { start: string; end: string }) => void }) {
  const [draft, setDraft] = useState({ start, end });
  const [problem, setProblem] = useState<string>();
  const commit = () => {
    if (draft.start === start && draft.end === end) return;
    if (!draft.start || !draft.end) setProblem('Give both a start and an end.');
    else if (Date.parse(draft.start) >= Date.parse(draft.end)) setProblem('The start must be before the end.');
    else onApply(draft);
  };
  const field = (name: 'start' | 'end', label: string) => (
    <TextField
      label={label}
      type="datetime-local"
      step={1}
      title={`Times are ${zoneName(new Date(start))}.`}
      value={draft[name] ? toLocalInput(new Date(draft[name])) : ''}
      problem={name === 'end' ? problem : undefined}
      onChange={({ target }) => setDraft({ ...draft, [name]: target.value ? new Date(target.value).toISOString() : '' })}
      onBlur={commit}
      onKeyDown={(event: KeyboardEvent) => event.key === 'Enter' && commit()}
    />
  );
  return (
    <>
      {field('start', 'Start')}
      {field('end', `End (${zoneName(new Date(end))})`)}
    </>
  );
}
