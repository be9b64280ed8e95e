import { createContext, useContext } from 'react';
import type { Question } from '../../url/tracesQuery';
import type { TracesSearch } from '../../url/tracesSearch';
import type { Filter } from '../../traceql/filter';

/** What the parts of trace search share. */
export interface TracesContext {
  search: TracesSearch;
  /** The moment at which "the last hour" ends; everything on the page is as of it. */
  asOf: Date;
  /** All that matches. */
  question: Question;
  /** The part of it that is chosen in the heatmap, else the same. */
  listQuestion: Question;
  /** Conditions of the query; null when it is more than one filter. */
  filter: Filter | null;
  /** Changes params; history gets an entry. */
  change: (part: Partial<TracesSearch>) => void;
  /** Asks again, for now. */
  refresh: () => void;
}

const Context = createContext<TracesContext | null>(null);
export const TracesProvider = Context.Provider;

export function useTraces(): TracesContext {
  const value = useContext(Context);
  if (!value) throw new Error('useTraces needs a TracesProvider above it');
  return value;
}
