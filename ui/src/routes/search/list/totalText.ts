import type { Total } from '../../../api/schema';
import { formatCount, plural } from '../../../format/count';

/** "20 of 1,234 traces", and what is not known of it. */
export function totalText(shown: number, { traces, relation }: Total, partial: boolean): string {
  if (relation === 'exact' && !partial) {
    return shown === traces ? `${plural(shown, 'trace')}, all that match` : `${formatCount(shown)} of ${plural(traces, 'trace')}`;
  }
  return `${formatCount(shown)} of at least ${plural(Math.max(shown, traces), 'trace')}`;
}
