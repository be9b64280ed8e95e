import { createContext, use } from 'react';
import type { TraceModel, Times } from '../../trace/model';
import type { TraceSearch } from '../../url/traceSearch';
import type { TraceWorker } from '../../worker/client';
import type { Timeline } from './timeline';
import type { Found } from './useFind';
import type { Rows } from './useRows';

/** What the parts of the trace page share. */
export interface TraceContext {
  trace: TraceModel;
  worker: TraceWorker;
  times: Times;
  corrected: boolean;
  search: TraceSearch;
  change: (part: Partial<TraceSearch>) => void;
  timeline: Timeline;
  rows: Rows;
  found: Found | null;
  /** The row that keys act on. */
  active: number;
  /** The row of the side panel, or -1. */
  selected: number;
  /** Makes a row the active one, opens what hides it and brings it into view. */
  goTo: (row: number) => void;
  /** Opens the side panel on a row. */
  select: (row: number) => void;
}

export const TraceContextValue = createContext<TraceContext | null>(null);

export function useTrace(): TraceContext {
  const context = use(TraceContextValue);
  if (!context) throw new Error('useTrace outside of a trace page');
  return context;
}
