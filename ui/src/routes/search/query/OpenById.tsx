import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { TextField } from '../../../components/form/Field';
import { normalTraceId, TRACE_ID_RULE } from '../../../url/traceSearch';
import css from './Query.module.css';

export function OpenById() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const traceId = normalTraceId(text);
    if (traceId) void navigate({ to: '/traces/$traceId', params: { traceId } });
    else setProblem(TRACE_ID_RULE);
  };

  return (
    <form className={css.byId} onSubmit={submit} aria-label="Open a trace by its id">
      <TextField
        label="Open trace by id"
        placeholder="hex digits, then Enter"
        value={text}
        problem={problem}
        onChange={(event) => {
          setText(event.target.value);
          setProblem(undefined);
        }}
      />
    </form>
  );
}
