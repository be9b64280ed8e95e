import type { CSSProperties } from 'react';
import type { ServiceCount } from '../../../api/schema';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { plural } from '../../../format/count';
import { markColor, type ServiceMark as Mark } from '../../../trace/serviceColor';
import css from './TraceRow.module.css';

const NAMED = 4;
/** A mesh trace can have fifty services; nobody wants them all read out. */
const SPOKEN = 8;

/** How the spans of a trace are shared among its services. */
export function ShareBar({ services, marks }: { services: readonly ServiceCount[]; marks: ReadonlyMap<string, Mark> }) {
  const spoken = services.slice(0, SPOKEN).map((service) => `${service.name} ${plural(service.spans, 'span')}`);
  if (services.length > SPOKEN) spoken.push(`${services.length - SPOKEN} more`);
  const sentence = spoken.join(', ');
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
