// The search params of /traces/diff.
import * as z from 'zod/mini';
import { normalTraceId } from './traceSearch';
import { accepted, dropped } from './tracesSearch';

/** As people paste it, so that a link may be written by hand. */
const traceId = z.pipe(
  z.transform((text) => (typeof text === 'string' ? normalTraceId(text) : null)),
  z.string(),
);

const Schema = z.object({
  /** The trace that is compared, and the one it is compared with. */
  a: dropped(traceId),
  b: dropped(traceId),
  /** Paths that do not differ are left out. */
  only: dropped(z.literal('differences')),
});

export type DiffSearch = z.infer<typeof Schema>;

export function parseDiffSearch(raw: Record<string, unknown>): DiffSearch {
  return accepted(raw, Schema.parse(raw));
}
