// Nothing of this file exists at run time: it does not compile where a check of
// schema.ts would refuse an answer that the contract of the API allows, or reads
// a field that the contract does not have. contract.ts is made of the contract
// by `npm run generate`.
import type * as z from 'zod/mini';
import type { components } from './contract';
import type * as schema from './schema';

type Contract = components['schemas'];

/** `true`, or what is wrong. */
type Agreed<Check extends z.ZodMiniType, Answer> = [Answer] extends [z.input<Check>]
  ? keyof z.input<Check> extends keyof Answer
    ? true
    : { reads: Exclude<keyof z.input<Check>, keyof Answer> }
  : { refuses: Answer };

type Demand<Agreements extends Record<string, true>> = Agreements;

export type Agreements = Demand<{
  status: Agreed<typeof schema.Status, Contract['Status']>;
  services: Agreed<typeof schema.Services, Contract['ServiceList']>;
  operations: Agreed<typeof schema.Operations, Contract['OperationList']>;
  keys: Agreed<typeof schema.Keys, Contract['KeyList']>;
  values: Agreed<typeof schema.Values, Contract['ValueList']>;
  traces: Agreed<typeof schema.TraceList, Contract['TraceList']>;
  trace: Agreed<typeof schema.TraceSummary, Contract['TraceSummary']>;
  overview: Agreed<typeof schema.Overview, Contract['Overview']>;
  facet: Agreed<typeof schema.Facet, Contract['Overview']['facets'][number]>;
  heatmap: Agreed<typeof schema.Heatmap, NonNullable<Contract['Overview']['heatmap']>>;
  comparison: Agreed<typeof schema.Comparison, Contract['Comparison']>;
  diff: Agreed<typeof schema.Diff, Contract['Diff']>;
  diffNode: Agreed<typeof schema.DiffNode, Contract['DiffNode']>;
  tail: Agreed<typeof schema.TailEvent, Contract['TailStatusEvent'] | Contract['SpansEvent'] | Contract['TailEndEvent'] | Contract['ErrorEvent']>;
  tailSpan: Agreed<typeof schema.TailSpan, Contract['SpansEvent']['spans'][number]>;
  skeleton: Agreed<typeof schema.SkeletonHeader, Contract['SkeletonHeader']>;
  span: Agreed<typeof schema.Span, Contract['Span']>;
  spans: Agreed<typeof schema.Spans, Contract['SpanList']>;
  deletion: Agreed<typeof schema.Deletion, Contract['Deletion']>;
  deletions: Agreed<typeof schema.Deletions, Contract['DeletionList']>;
  ordered: Agreed<typeof schema.Ordered, components['responses']['Ordered']['content']['application/json']>;
}>;
