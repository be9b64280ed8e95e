import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from 'react';
import css from './Field.module.css';

export const controlClass = css.control;

interface FieldProps {
  label: string;
  problem?: string;
  /** Given the ids that tie a control to its label and its problem. */
  children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ReactNode;
}

export function Field({ label, problem, children }: FieldProps) {
  const id = useId();
  return (
    <div className={css.field}>
      <label className={css.label} htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': problem ? `${id}-problem` : undefined, 'aria-invalid': problem ? true : undefined })}
      {problem && (
        <p className={css.problem} id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

type TextFieldProps = { label: string; problem?: string; ref?: Ref<HTMLInputElement> } & InputHTMLAttributes<HTMLInputElement>;

export function TextField({ label, problem, ...input }: TextFieldProps) {
  return (
    <Field label={label} problem={problem}>
      {(ids) => <input autoComplete="off" spellCheck={false} {...ids} {...input} className={css.control} />}
    </Field>
  );
}

interface SelectFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: ReadonlyArray<readonly [value: string, text: string]>;
}

export function SelectField({ label, value, onChange, options }: SelectFieldProps) {
  return (
    <Field label={label}>
      {(ids) => (
        <select {...ids} className={css.control} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
