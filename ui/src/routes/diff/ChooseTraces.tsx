import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from '../../components/form/Button';
import { TextField } from '../../components/form/Field';
import { normalTraceId, TRACE_ID_RULE } from '../../url/traceSearch';
import css from './DiffPage.module.css';

const SIDES = ['a', 'b'] as const;
type Side = (typeof SIDES)[number];

/** Where the ids of two traces are pasted. */
export function ChooseTraces({ a = '', b = '' }: { a?: string; b?: string }) {
  const navigate = useNavigate();
  const [texts, setTexts] = useState<Record<Side, string>>({ a, b });
  const [problems, setProblems] = useState<Partial<Record<Side, string>>>({});

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const ids = { a: normalTraceId(texts.a), b: normalTraceId(texts.b) };
    if (ids.a && ids.b && ids.a !== ids.b) void navigate({ to: '/traces/diff', search: { a: ids.a, b: ids.b } });
    else setProblems({ a: ids.a ? undefined : TRACE_ID_RULE, b: !ids.b ? TRACE_ID_RULE : ids.a === ids.b ? 'That is the same trace as A.' : undefined });
  };

  return (
    <form className={css.fields} onSubmit={submit} aria-label="Traces to compare">
      {SIDES.map((side) => (
        <TextField
          key={side}
          label={`Trace ${side.toUpperCase()}`}
          placeholder="trace id, hex digits"
          value={texts[side]}
          problem={problems[side]}
          onChange={(event) => {
            setTexts({ ...texts, [side]: event.target.value });
            setProblems({});
          }}
        />
      ))}
      <div className={css.actions}>
        <Button primary type="submit">
          Compare
        </Button>
        <span>
          or pick two in <Link to="/traces">trace search</Link>
        </span>
      </div>
    </form>
  );
}
