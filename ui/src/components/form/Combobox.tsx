import { type KeyboardEvent, useId, useState } from 'react';
import css from './Combobox.module.css';
import { controlClass, Field } from './Field';

export interface Choice {
  value: string;
  note?: string;
}

interface ComboboxProps {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
  /** Called when a choice is taken from the list, or Enter is pressed on free text. */
  onCommit?: (value: string) => void;
  placeholder?: string;
  disabled?: boolean;
  loading?: boolean;
  /** Said under the choices, for instance that there are more. */
  hint?: string;
}

const SHOWN = 100;

/** A text input that offers choices; text that is not among them is kept as typed. */
export function Combobox({ label, value, choices, onChange, onCommit, placeholder, disabled, loading, hint }: ComboboxProps) {
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  // Right after opening, everything is offered, also when a value is set.
  const [typed, setTyped] = useState(false);

  const needle = typed ? value.trim().toLowerCase() : '';
  const matching = choices.filter((choice) => choice.value.toLowerCase().includes(needle));
  const shown = matching.slice(0, SHOWN);
  const hidden = matching.length - shown.length;

  const openList = () => {
    setOpen(true);
    setTyped(false);
    setActive(-1);
  };
  const take = (text: string) => {
    onChange(text);
    setOpen(false);
    onCommit?.(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) openList();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (shown.length === 0 ? -1 : (at + step + shown.length + (at < 0 && step < 0 ? 1 : 0)) % shown.length));
    } else if (event.key === 'Enter') {
      const choice = open ? shown[active] : undefined;
      if (choice) event.preventDefault();
      if (choice) take(choice.value);
      else if (onCommit && value.trim() !== '') {
        event.preventDefault();
        take(value);
      } else setOpen(false);
    } else if (event.key === 'Escape' && open) {
      event.preventDefault();
      setOpen(false);
    }
  };

  return (
    <Field label={label}>
      {(ids) => (
        <div className={css.box} onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || setOpen(false)}>
          <input
            {...ids}
            className={controlClass}
            role="combobox"
            aria-expanded={open}
            aria-controls={open ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={open && active >= 0 ? `${listId}-${active}` : undefined}
            autoComplete="off"
            spellCheck={false}
            value={value}
            placeholder={placeholder}
            disabled={disabled}
            onClick={() => open || openList()}
            onKeyDown={onKeyDown}
            onChange={(event) => {
              onChange(event.target.value);
              setTyped(true);
              setOpen(true);
              setActive(-1);
            }}
          />
          {open && (shown.length > 0 || loading || hint) && (
            <div className={css.popup}>
              <div role="listbox" id={listId} aria-label={label} className={css.list}>
                {shown.map((choice, i) => (
                  <div
                    key={choice.value}
                    id={`${listId}-${i}`}
                    role="option"
                    aria-selected={i === active}
                    className={css.option}
                    ref={i === active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
                    onMouseDown={(event) => event.preventDefault()}
                    onMouseMove={() => setActive(i)}
                    onClick={() => take(choice.value)}
                  >
                    <span className={css.text}>{choice.value}</span>
                    {choice.note && <span className={css.note}>{choice.note}</span>}
                  </div>
                ))}
              </div>
              {loading && <p className={css.status}>Loading…</p>}
              {hidden > 0 && <p className={css.status}>{hidden} more; type to narrow.</p>}
              {hint && <p className={css.status}>{hint}</p>}
            </div>
          )}
        </div>
      )}
    </Field>
  );
}
