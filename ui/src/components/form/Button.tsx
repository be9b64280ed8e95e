import type { ButtonHTMLAttributes, Ref } from 'react';
import css from './Button.module.css';

interface ButtonLook {
  primary?: boolean;
  /** For what cannot be undone. */
  danger?: boolean;
  quiet?: boolean;
  small?: boolean;
  /** Square, for a lone icon; give it an aria-label. */
  icon?: boolean;
}

export function buttonClass({ primary, danger, quiet, small, icon }: ButtonLook = {}): string {
  return [css.button, primary && css.primary, danger && css.danger, quiet && css.quiet, small && css.small, icon && css.icon]
    .filter(Boolean)
    .join(' ');
}

type ButtonProps = ButtonLook & ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> };

export function Button({ primary, danger, quiet, small, icon, className, ...rest }: ButtonProps) {
  const look = buttonClass({ primary, danger, quiet, small, icon });
  return <button type="button" title={icon ? rest['aria-label'] : undefined} {...rest} className={className ? `${look} ${className}` : look} />;
}
