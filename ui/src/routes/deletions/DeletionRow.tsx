import { CircleCheck, Clock, OctagonAlert } from 'lucide-react';
import type { Deletion } from '../../api/schema';
import { formatCount } from '../../format/count';
import { formatDateTime, formatRelative, nsToDate } from '../../format/time';
import css from './Deletions.module.css';
import { stateOf, whatOf } from './deletion';

const ICONS = { done: CircleCheck, pending: Clock, overdue: OctagonAlert };

export function DeletionRow({ deletion, now }: { deletion: Deletion; now: Date }) {
  const { of, name, value } = whatOf(deletion);
  const state = stateOf(deletion, now);
  const Icon = ICONS[state];
  return (
    <tr>
      <th scope="row">
        {of} <code>{name}</code>
        {value !== undefined && (
          <>
            {' = '}
            <code>{value}</code>
          </>
        )}
      </th>
      <td className={css.reason}>{deletion.reason}</td>
      <td>
        <Instant unixNano={deletion.createdUnixNano} />
      </td>
      <td data-state={state}>
        <Icon size={14} aria-hidden="true" /> {state}
      </td>
      <td>
        {deletion.doneUnixNano ? (
          <Instant unixNano={deletion.doneUnixNano} />
        ) : (
          <>
            by <Instant unixNano={deletion.deadlineUnixNano} />, {formatRelative(nsToDate(deletion.deadlineUnixNano), now)}
          </>
        )}
      </td>
      <td>{deletion.doneUnixNano ? formatCount(deletion.rowsDeleted) : '–'}</td>
      <td>{deletion.store}</td>
    </tr>
  );
}

function Instant({ unixNano }: { unixNano: string }) {
  const date = nsToDate(unixNano);
  return <time dateTime={date.toISOString()}>{formatDateTime(date).slice(0, -4)}</time>;
}
