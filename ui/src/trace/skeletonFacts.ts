import type { Skeleton } from '../api/skeleton';
import { leadRow, operationAt, serviceAt } from './model';
import { correctedStarts, extent } from './skew';

/** What one says of a trace before one looks into it. */
export interface TraceFacts {
  /** Of the first root, else of the first row; empty for a trace without rows. */
  service: string;
  name: string;
  rootMissing: boolean;
  startUnixNano: string;
  /** Earliest start to latest end with clock errors taken out, as the trace's own page has it. */
  durationNs: number;
  spans: number;
  errors: number;
  services: number;
}

export function factsOfSkeleton(skeleton: Skeleton): TraceFacts {
  const { header, rows } = skeleton;
  const lead = rows === 0 ? -1 : leadRow({ skeleton });
  const { from, to } = extent(correctedStarts(skeleton), skeleton.duration);
  return {
    service: lead < 0 ? '' : serviceAt({ skeleton }, lead),
    name: lead < 0 ? '' : operationAt({ skeleton }, lead),
    rootMissing: header.roots === 0,
    startUnixNano: header.startUnixNano,
    durationNs: rows === 0 ? 0 : to - from,
    spans: rows,
    errors: header.errors,
    services: header.services.filter((service) => service.spans > 0).length,
  };
}
