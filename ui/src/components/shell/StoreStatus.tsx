import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '../../api/queries';
import { formatBytes, formatCount, plural } from '../../format/count';
import css from './Shell.module.css';

/** What the process holds, in one line; says when it does not answer. */
export function StoreStatus() {
  const { data, isError } = useQuery(statusQuery());
  if (isError) return <span className={css.status}>no answer from heddle</span>;
  if (!data) return null;
  const held = `${plural(data.spans, 'span')} held, ${formatBytes(data.bytes)}`;
  const evicted = data.evictedSpans > 0 ? `, ${formatCount(data.evictedSpans)} older ones given up` : '';
  return <span className={css.status}>{`${held}${evicted} · ${data.version}`}</span>;
}
