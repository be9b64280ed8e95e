import { useState } from 'react';
import { type FormField, formOf, type FormValues, withField, without } from '../../../search/form';
import { type Condition, type Filter, readFilter, writeFilter } from '../../../traceql/filter';
import { typedDuration } from '../../../traceql/literal';

export type DurationField = 'min' | 'max';

export interface Draft {
  /** The query as it is edited; the form is a view of it. */
  text: string;
  /** Null while the query is more than the form can show. */
  form: FormValues | null;
  /** Durations as typed, also while they are none. */
  durations: Record<DurationField, string>;
  problems: Partial<Record<DurationField, string>>;
  setText: (text: string) => void;
  setField: (name: FormField, value: string) => void;
  setDuration: (name: DurationField, typed: string) => void;
  add: (condition: Condition) => void;
  remove: (condition: Condition) => void;
}

const NO_DURATION = 'Write a number and a unit, like 200ms or 1.5s.';

/** The query being edited, from the applied one on; a change of that one starts anew. */
export function useDraft(applied: string): Draft {
  const [state, setState] = useState({ applied, text: applied, typed: {} as Partial<Record<DurationField, string>> });
  let current = state;
  if (current.applied !== applied) {
    current = { applied, text: applied, typed: {} };
    setState(current);
  }
  const { text, typed } = current;
  const filter = readFilter(text);
  const form = filter && formOf(filter);
  const write = (next: Filter, keep = typed) => setState({ applied, text: writeFilter(next), typed: keep });

  const problems: Draft['problems'] = {};
  for (const name of ['min', 'max'] as const) {
    if (typed[name]?.trim() && typedDuration(typed[name]) === null) problems[name] = NO_DURATION;
  }
  return {
    text,
    form,
    durations: { min: typed.min ?? form?.min ?? '', max: typed.max ?? form?.max ?? '' },
    problems,
    setText: (next) => setState({ applied, text: next, typed: {} }),
    setField: (name, value) => filter && write(withField(filter, name, value)),
    setDuration: (name, value) => {
      if (!filter) return;
      const literal = value.trim() === '' ? '' : typedDuration(value);
      write(literal === null ? filter : withField(filter, name, literal), { ...typed, [name]: value });
    },
    add: (condition) => filter && !filter.some(({ text }) => text === condition.text) && write([...filter, condition]),
    remove: (condition) => filter && write(without(filter, condition)),
  };
}
