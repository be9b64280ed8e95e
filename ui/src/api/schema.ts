// The shapes of /heddle/v1 as query/api/native/openapi.yaml gives them. Objects
// are open: fields that a newer server adds are dropped, never refused.
import * as z from 'zod/mini';

export const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export const Kind = z.enum(KINDS);
export type Kind = z.infer<typeof Kind>;

const optional = z.optional;

// A Go server writes an empty slice as null; read it as empty.
const list = <T extends z.ZodMiniType>(item: T) =>
  z.pipe(
    z.nullable(z.array(item)),
    z.transform((items) => items ?? []),
  );

export const Status = z.object({
  version: z.string(),
  deletes: optional(z.boolean()),
  spans: z.number(),
  bytes: z.number(),
  evictedSpans: z.number(),
  oldestUnixNano: optional(z.string()),
  newestUnixNano: optional(z.string()),
});
export type Status = z.infer<typeof Status>;

export const ServiceCount = z.object({ name: z.string(), spans: z.number(), errors: z.number() });
export type ServiceCount = z.infer<typeof ServiceCount>;

export const Services = z.object({ services: list(ServiceCount) });
export const Operations = z.object({
  operations: list(z.object({ name: z.string(), kind: Kind, spans: z.number() })),
});

export const SCOPES = ['resource', 'scope', 'span', 'event', 'link'] as const;
export const Keys = z.object({
  keys: list(z.object({ scope: z.enum(SCOPES), name: z.string(), types: list(z.string()) })),
});
export const Values = z.object({
  values: list(z.object({ value: z.string(), spans: z.number() })),
  more: optional(z.boolean()),
  partial: optional(z.string()),
});

export const TraceSummary = z.object({
  traceId: z.string(),
  rootService: z.string(),
  rootName: z.string(),
  rootMissing: optional(z.boolean()),
  startUnixNano: z.string(),
  durationNs: z.number(),
  spans: z.number(),
  errors: z.number(),
  orphans: z.number(),
  services: list(ServiceCount),
  matchedSpans: z.number(),
});
export type TraceSummary = z.infer<typeof TraceSummary>;

export const Total = z.object({ traces: z.number(), relation: z.enum(['exact', 'atLeast']), spans: optional(z.number()) });
export type Total = z.infer<typeof Total>;

export const Stats = z.object({ scannedSpans: z.number(), readTraces: z.number(), readSpans: z.number() });

export const TraceList = z.object({
  traces: list(TraceSummary),
  more: z.boolean(),
  after: optional(z.string()),
  total: Total,
  partial: optional(z.string()),
  stats: Stats,
});
export type TraceList = z.infer<typeof TraceList>;

export const Key = z.object({ scope: z.string(), name: z.string() });

export const Facet = z.object({
  key: Key,
  values: list(z.object({ text: z.string(), type: z.string(), spans: z.number(), errors: z.number() })),
  otherSpans: z.number(),
  absentSpans: z.number(),
  distinct: z.number(),
  truncated: optional(z.boolean()),
});
export type Facet = z.infer<typeof Facet>;

export const Heatmap = z.object({
  startUnixNano: z.string(),
  stepNs: z.number(),
  columns: z.int().check(z.nonnegative()),
  lowerBoundsNs: list(z.number()),
  spans: list(z.number()),
  errors: list(z.number()),
});

export const Overview = z.object({
  spans: z.number(),
  errors: z.number(),
  facets: list(Facet),
  heatmap: optional(Heatmap),
  partial: optional(z.string()),
  stats: Stats,
});
export type Overview = z.infer<typeof Overview>;

const SpanSet = z.object({ spans: z.number(), errors: z.number() });

export const Comparison = z.object({
  selection: SpanSet,
  baseline: SpanSet,
  keys: list(
    z.object({
      key: Key,
      score: z.number(),
      values: list(
        z.object({
          text: z.string(),
          type: z.string(),
          selectionSpans: z.number(),
          baselineSpans: z.number(),
          selectionShare: z.number(),
          baselineShare: z.number(),
          score: z.number(),
        }),
      ),
      distinct: z.number(),
      truncated: optional(z.boolean()),
    }),
  ),
  comparedKeys: z.number(),
  notes: optional(list(z.string())),
  partial: optional(z.string()),
});
export type Comparison = z.infer<typeof Comparison>;

const PathCounts = z.object({ spans: z.number(), errors: z.number() });

export const DiffNode = z.object({
  parent: z.int(),
  service: z.string(),
  name: z.string(),
  change: z.enum(['same', 'added', 'removed', 'slower', 'faster']),
  timePerTraceANs: z.number(),
  timePerTraceBNs: z.number(),
  a: optional(PathCounts),
  b: optional(PathCounts),
});
export type DiffNode = z.infer<typeof DiffNode>;

const DiffSide = z.object({ foldedSpans: z.number() });

export const Diff = z.object({ a: DiffSide, b: DiffSide, nodes: list(DiffNode), partial: optional(z.string()) });
export type Diff = z.infer<typeof Diff>;

export const TailSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  service: z.string(),
  name: z.string(),
  kind: Kind,
  startUnixNano: z.string(),
  durationNs: z.number(),
  error: z.boolean(),
});
export type TailSpan = z.infer<typeof TailSpan>;

export const ErrorBody = z.object({
  code: z.string(),
  message: z.string(),
  line: optional(z.number()),
  column: optional(z.number()),
  remedy: optional(z.string()),
});

/** What /tail sends, one object a line. */
export const TailEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('status'), matched: z.number(), dropped: z.number(), partial: optional(z.string()) }),
  z.object({ type: z.literal('spans'), spans: list(TailSpan), matched: z.number(), dropped: z.number() }),
  z.object({ type: z.literal('end'), reason: z.string(), since: z.string() }),
  z.object({ type: z.literal('error'), error: ErrorBody }),
]);
export type TailEvent = z.infer<typeof TailEvent>;

export const SkeletonHeader = z.object({
  traceId: z.string(),
  startUnixNano: z.string(),
  durationNs: z.number(),
  rows: z.int().check(z.nonnegative()),
  services: list(ServiceCount),
  operations: list(z.string()),
  hosts: list(z.object({ name: z.string(), skewNs: optional(z.number()) })),
  columns: list(z.object({ name: z.string(), type: z.string(), offset: z.int().check(z.nonnegative()) })),
  errors: z.number(),
  orphans: z.number(),
  conflicts: z.number(),
  duplicates: z.number(),
  roots: z.number(),
  segments: optional(z.number()),
  notes: optional(list(z.string())),
});
export type SkeletonHeader = z.infer<typeof SkeletonHeader>;

export const Attribute = z.object({ key: z.string(), type: z.string(), value: z.unknown() });
export type Attribute = z.infer<typeof Attribute>;

export const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: optional(z.string()),
  traceState: optional(z.string()),
  flags: optional(z.number()),
  name: z.string(),
  kind: Kind,
  startUnixNano: z.string(),
  durationNs: z.number(),
  status: z.object({ code: z.enum(['unset', 'ok', 'error']), message: optional(z.string()) }),
  service: z.string(),
  resource: z.object({
    attributes: list(Attribute),
    schemaUrl: optional(z.string()),
    droppedAttributes: optional(z.number()),
  }),
  scope: z.object({
    name: optional(z.string()),
    version: optional(z.string()),
    attributes: optional(list(Attribute)),
    schemaUrl: optional(z.string()),
  }),
  attributes: list(Attribute),
  events: list(z.object({ name: z.string(), timeUnixNano: z.string(), attributes: list(Attribute) })),
  links: list(
    z.object({
      traceId: z.string(),
      spanId: z.string(),
      traceState: optional(z.string()),
      attributes: list(Attribute),
    }),
  ),
  droppedAttributes: optional(z.number()),
  droppedEvents: optional(z.number()),
  droppedLinks: optional(z.number()),
  notes: optional(list(z.string())),
});
export type Span = z.infer<typeof Span>;

export const Spans = z.object({ spans: list(Span) });

export const Deletion = z.object({
  store: z.string(),
  id: z.string(),
  traceId: optional(z.string()),
  key: optional(z.object({ scope: z.string(), name: z.string() })),
  type: optional(z.string()),
  value: optional(z.unknown()),
  reason: optional(z.string()),
  createdUnixNano: z.string(),
  deadlineUnixNano: z.string(),
  doneUnixNano: optional(z.string()),
  rowsDeleted: z.number(),
});
export type Deletion = z.infer<typeof Deletion>;

export const Deletions = z.object({ deletions: list(Deletion) });
export const Ordered = z.object({ deadlineUnixNano: z.string(), deletions: list(Deletion) });
export type Ordered = z.infer<typeof Ordered>;
