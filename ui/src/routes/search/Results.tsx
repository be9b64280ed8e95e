import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { TraceList } from '../../api/schema';
import { Failure, LoadingRows } from '../../components/feedback/Notice';
import { assignMarks } from '../../trace/serviceColor';
import type { TracesSearch } from '../../url/tracesSearch';
import { NoTraces } from './NoTraces';
import { Plot } from './Plot';
import { ResultBar } from './ResultBar';
import css from './Results.module.css';
import { TraceRow } from './TraceRow';

interface ResultsProps {
  search: TracesSearch;
  query: UseQueryResult<TraceList>;
  onChange: (part: Partial<TracesSearch>) => void;
  onSearch: (search: TracesSearch) => void;
}

export function Results({ search, query, onChange, onSearch }: ResultsProps) {
  const { data, error, isFetching, isPlaceholderData, refetch, dataUpdatedAt } = query;
  // One set of colours for the list: a service looks alike in every row.
  const marks = useMemo(() => marksOf(data), [data]);

  if (error) return <Failure title="The search failed" error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows rows={12} label="Searching" />;

  const longest = Math.max(1, ...data.traces.map((trace) => trace.durationNs));
  const now = new Date(dataUpdatedAt);
  return (
    <>
      <ResultBar list={data} search={search} busy={isFetching} updatedAt={now} onChange={onChange} onRefresh={() => void refetch()} />
      {data.traces.length === 0 ? (
        <NoTraces search={search} onSearch={onSearch} />
      ) : (
        <div className={isPlaceholderData ? css.stale : undefined}>
          <Plot traces={data.traces} mode={search.plot} onMode={(plot) => onChange({ plot })} />
          <ol className={css.list} aria-label="Traces">
            {data.traces.map((trace) => (
              <TraceRow key={trace.traceId} trace={trace} marks={marks} longest={longest} now={now} />
            ))}
          </ol>
        </div>
      )}
    </>
  );
}

// Services that begin a trace rank first: their mark leads the row.
function marksOf(list: TraceList | undefined) {
  const rank = new Map<string, { roots: number; spans: number }>();
  const entry = (name: string) => rank.get(name) ?? rank.set(name, { roots: 0, spans: 0 }).get(name)!;
  for (const trace of list?.traces ?? []) {
    for (const service of trace.services) entry(service.name).spans += service.spans;
    entry(trace.rootService).roots++;
  }
  const ranked = [...rank]
    .sort(([nameA, a], [nameB, b]) => b.roots - a.roots || b.spans - a.spans || (nameA < nameB ? -1 : 1))
    .map(([name]) => name);
  return new Map(assignMarks(ranked).map((mark) => [mark.name, mark]));
}
