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

function marksOf(list: TraceList | undefined) {
  const spans = new Map<string, number>();
  for (const trace of list?.traces ?? []) {
    for (const service of trace.services) spans.set(service.name, (spans.get(service.name) ?? 0) + service.spans);
    if (!spans.has(trace.rootService)) spans.set(trace.rootService, 0);
  }
  const ranked = [...spans].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
  return new Map(assignMarks(ranked).map((mark) => [mark.name, mark]));
}
