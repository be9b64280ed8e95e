import { useQuery } from '@tanstack/react-query';
import { Ban, Check, X } from 'lucide-react';
import { type CSSProperties, useState } from 'react';
import { facetQuery } from '../../../api/searchQueries';
import type { Facet } from '../../../api/schema';
import { Button } from '../../../components/form/Button';
import { formatCount, plural } from '../../../format/count';
import { choiceOf, exclusion, fieldOf, isNarrowed, keyText, literalOf, toggleExcluded, toggleIncluded, widened } from '../../../search/attribute';
import { conditionOf, narrowed, writeFilter } from '../../../traceql/filter';
import { useTraces } from '../context';
import css from './Facets.module.css';

const NAMES: Record<string, string> = {
  'resource.service.name': 'Service',
  'intrinsic.name': 'Operation',
  'intrinsic.status': 'Status',
  'intrinsic.kind': 'Kind',
};

const FEW = 10;
const MANY = 200;

interface FacetSectionProps {
  facet: Facet;
  /** Spans that match. */
  all: number;
  onRemove?: () => void;
}

/** The values of one key. Where some are wanted already, the others are counted as if they were not. */
export function FacetSection({ facet: given, all, onRemove }: FacetSectionProps) {
  const { question, filter } = useTraces();
  const [many, setMany] = useState(false);
  const [find, setFind] = useState('');
  const field = fieldOf(given.key);
  const chosen = filter !== null && field !== null && isNarrowed(filter, field);
  const wider = chosen ? { ...question, q: writeFilter(widened(filter, field)) } : question;
  const asked = useQuery({ ...facetQuery(wider, keyText(given.key), many ? MANY : FEW), enabled: chosen || many });
  const facet = (chosen || many) && asked.data ? asked.data.facet : given;

  const name = NAMES[keyText(given.key)] ?? given.key.name;
  const needle = find.trim().toLowerCase();
  const shown = many && needle ? facet.values.filter(({ text }) => text.toLowerCase().includes(needle)) : facet.values;
  const most = Math.max(1, facet.absentSpans, ...facet.values.map(({ spans }) => spans));
  const hidden = facet.distinct - facet.values.length;
  return (
    <section className={css.facet} aria-label={`${name} values`}>
      <h3 className={css.name} title={keyText(given.key)}>
        <span>{name}</span>
        <small>{given.key.scope !== 'intrinsic' && !NAMES[keyText(given.key)] ? given.key.scope : plural(facet.distinct, 'value')}</small>
        {onRemove && (
          <Button quiet small icon aria-label={`No longer list ${name}`} onClick={onRemove}>
            <X size={12} aria-hidden="true" />
          </Button>
        )}
      </h3>
      {many && (
        <input className={css.find} type="search" aria-label={`Find among the values of ${name}`} placeholder="find" value={find} onChange={(event) => setFind(event.target.value)} />
      )}
      <ul className={many ? `${css.values} ${css.many}` : css.values} tabIndex={many ? 0 : undefined} aria-label={`Values of ${name}`}>
        {shown.map((value) => (
          <FacetValue key={`${value.type}\0${value.text}`} facet={facet} field={field} value={value} share={value.spans / most} name={name} />
        ))}
        {facet.absentSpans > 0 && facet.absentSpans < all && needle === '' && (
          <FacetValue facet={facet} field={field} value={{ text: 'without a value', type: 'absent', spans: facet.absentSpans, errors: 0 }} share={facet.absentSpans / most} name={name} />
        )}
      </ul>
      {facet.values.length === 0 && <p className={css.note}>No matching span has a value.</p>}
      {hidden > 0 && !many && (
        <Button small quiet className={css.more} onClick={() => setMany(true)}>
          {plural(hidden, 'more value')}, {formatCount(facet.otherSpans)} spans
        </Button>
      )}
      {many && (
        <>
          {hidden > 0 && <p className={css.note}>{plural(hidden, 'rarer value')} not listed.</p>}
          <Button small quiet className={css.more} onClick={() => (setMany(false), setFind(''))}>
            Fewer
          </Button>
        </>
      )}
      {facet.truncated && <p className={css.note}>There are more values than can be counted; some not listed may be more frequent.</p>}
      {asked.error && <p className={css.note}>{asked.error.message}</p>}
    </section>
  );
}

interface FacetValueProps {
  facet: Facet;
  field: string | null;
  value: Facet['values'][number];
  share: number;
  name: string;
}

function FacetValue({ facet, field, value, share, name }: FacetValueProps) {
  const { search, filter, change } = useTraces();
  const literal = literalOf(facet.key, value);
  const text = value.text || '(empty)';
  const usable = field !== null && literal !== null;
  const choice = usable && filter ? choiceOf(filter, field, literal) : { included: false, excluded: false };
  const include = () => {
    if (!usable) return;
    const q = filter ? writeFilter(toggleIncluded(filter, field, literal)) : narrowed(search.q ?? '', [conditionOf({ field, op: '=', values: [literal] })]);
    change({ q: q || undefined });
  };
  const exclude = () => {
    if (!usable) return;
    const q = filter ? writeFilter(toggleExcluded(filter, field, literal)) : narrowed(search.q ?? '', [exclusion(field, literal)]);
    change({ q: q || undefined });
  };
  const counts = `${plural(value.spans, 'span')}${value.errors > 0 ? `, ${plural(value.errors, 'error')}` : ''}`;
  return (
    <li className={css.value} style={{ '--share': `${share * 100}%` } as CSSProperties}>
      <button type="button" className={css.include} disabled={!usable} aria-pressed={choice.included} onClick={include} title={usable ? `Only ${text}: ${counts}` : `${text}: ${counts}. No query can name this value.`}>
        {choice.included && <Check size={12} aria-hidden="true" />}
        {choice.excluded && <Ban size={12} aria-hidden="true" />}
        <span className="visually-hidden">{name} </span>
        <span className={value.type === 'absent' ? css.absent : css.text}>{text}</span>
        {value.errors > 0 && (
          <span className={css.errors}>
            {formatCount(value.errors)}
            <span className="visually-hidden"> {value.errors === 1 ? 'error' : 'errors'}</span>
          </span>
        )}
        <span className={css.count}>
          {formatCount(value.spans)}
          <span className="visually-hidden"> {value.spans === 1 ? 'span' : 'spans'}</span>
        </span>
      </button>
      {usable && (
        <button type="button" className={css.exclude} aria-pressed={choice.excluded} onClick={exclude} aria-label={`Leave out ${name} ${text}`} title={`Leave out ${text}`}>
          <Ban size={12} aria-hidden="true" />
        </button>
      )}
    </li>
  );
}
