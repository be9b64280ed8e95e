import { useMemo, useState } from 'react';
import { Button } from '../../components/form/Button';
import { ServiceMark } from '../../components/service/ServiceMark';
import { formatCount, plural } from '../../format/count';
import { useTrace } from './context';
import css from './Legend.module.css';

/** More services than this fold away; the largest come first. */
const SHOWN = 12;

/** Services of the trace; pressing one makes its spans stand out. */
export function Legend() {
  const { trace, search, change } = useTrace();
  const services = useMemo(
    () =>
      trace.skeleton.header.services
        .map((service, i) => ({ ...service, mark: trace.marks[i]! }))
        .filter((service) => service.spans > 0)
        .sort((a, b) => b.spans - a.spans),
    [trace],
  );
  const [all, setAll] = useState(false);
  const folded = services.length - SHOWN;
  // The chosen service stays in sight wherever it ranks.
  const shown = all || folded <= 1 ? services : services.filter(({ name }, i) => i < SHOWN || name === search.service);
  return (
    <ul className={css.legend} aria-label="Services">
      {shown.map(({ name, spans, errors, mark }) => {
        const chosen = search.service === name;
        return (
          <li key={name}>
            <button
              type="button"
              className={css.service}
              aria-pressed={chosen}
              onClick={() => change({ service: chosen ? undefined : name })}
            >
              <ServiceMark mark={mark} />
              {name}
              <span className={css.count}>
                {formatCount(spans)}
                <span className="visually-hidden"> {spans === 1 ? 'span' : 'spans'}</span>
              </span>
              {errors > 0 && <span className={css.errors}>{plural(errors, 'error')}</span>}
            </button>
          </li>
        );
      })}
      {folded > 1 && (
        <li>
          <Button small quiet aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `${plural(folded, 'more service')}…`}
          </Button>
        </li>
      )}
    </ul>
  );
}
