import { Link } from '@tanstack/react-router';
import { OctagonX } from 'lucide-react';
import { memo } from 'react';
import type { TailSpan } from '../../../api/schema';
import { KindIcon } from '../../../components/service/KindIcon';
import { ServiceMark } from '../../../components/service/ServiceMark';
import { formatDuration } from '../../../format/duration';
import { formatClockMs, nsToDate } from '../../../format/time';
import type { ServiceMark as Mark } from '../../../trace/serviceColor';
import css from './LiveTail.module.css';

/** One span. Rendered once: hundreds of rows move down as new ones come. */
export const TailRow = memo(function TailRow({ span, mark }: { span: TailSpan; mark: Mark | undefined }) {
  return (
    <tr>
      <td>
        <code>{formatClockMs(nsToDate(span.startUnixNano))}</code>
      </td>
      <td className={css.service}>
        {mark && <ServiceMark mark={mark} />}
        {span.service || 'unnamed service'}
      </td>
      <td className={css.name}>
        <KindIcon kind={span.kind} />{' '}
        <Link to="/traces/$traceId" params={{ traceId: span.traceId }} search={{ span: span.spanId }} preload={false}>
          {span.name || 'unnamed operation'}
        </Link>
      </td>
      <td>
        <code>{formatDuration(span.durationNs)}</code>
      </td>
      <td>
        {span.error && (
          <span className={css.error}>
            <OctagonX size={12} aria-hidden="true" /> error
          </span>
        )}
      </td>
    </tr>
  );
});
