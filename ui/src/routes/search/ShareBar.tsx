import type { CSSProperties } from 'react';
import type { ServiceCount } from '../../api/schema';
import { ServiceMark } from '../../components/service/ServiceMark';
import { plural } from '../../format/count';
import { markColor, type ServiceMark as Mark } from '../../trace/serviceColor';
import css from './TraceRow.module.css';

const NAMED = 4;

/** How the spans of a trace are shared among its services. */
export function ShareBar({ services, marks }: { services: readonly ServiceCount[]; marks: ReadonlyMap<string, Mark> }) {
  const sentence = services.map((service) => `${service.name} ${plural(service.spans, 'span')}`).join(', ');
  return (
    <div className={css.services}>
      <div className={css.share} role="img" aria-label={`Services: ${sentence}`}>
        {services.map((service) => {
          const mark = marks.get(service.name);
          return (
            <span
              key={service.name}
              className={mark?.striped ? `${css.part} ${css.striped}` : css.part}
              style={{ flexGrow: service.spans, '--svc': mark && markColor(mark) } as CSSProperties}
            />
          );
        })}
      </div>
      <div className={css.marks} aria-hidden="true" title={sentence}>
        {services.slice(0, NAMED).map((service) => {
          const mark = marks.get(service.name);
          return mark && <ServiceMark key={service.name} mark={mark} />;
        })}
        {services.length > NAMED && <span>{`+${services.length - NAMED}`}</span>}
      </div>
    </div>
  );
}
