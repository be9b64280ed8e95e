import type { CSSProperties } from 'react';
import { markColor, type ServiceMark as Mark } from '../../trace/serviceColor';
import css from './ServiceMark.module.css';

/** Colour and two letters of a service. The name stands beside it or in a label. */
export function ServiceMark({ mark }: { mark: Mark }) {
  return (
    <span className={css.mark} style={{ '--svc': markColor(mark) } as CSSProperties} aria-hidden="true" data-service={mark.name}>
      <span className={mark.striped ? `${css.chip} ${css.striped}` : css.chip} />
      <span className={css.letters}>{mark.monogram}</span>
    </span>
  );
}
