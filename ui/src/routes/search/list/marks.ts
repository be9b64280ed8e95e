import type { TraceSummary } from '../../../api/schema';
import { assignMarks, type ServiceMark } from '../../../trace/serviceColor';

/**
 * One set of colours for the list. Services that begin a trace rank first: their
 * mark leads the row. Pages that come later add services and change no colour.
 */
export function marksOf(pages: ReadonlyArray<readonly TraceSummary[]>): ReadonlyMap<string, ServiceMark> {
  const names = new Set<string>();
  for (const page of pages) for (const name of ranked(page)) names.add(name);
  return new Map(assignMarks([...names]).map((mark) => [mark.name, mark]));
}

function ranked(traces: readonly TraceSummary[]): string[] {
  const rank = new Map<string, { roots: number; spans: number }>();
  const entry = (name: string) => rank.get(name) ?? rank.set(name, { roots: 0, spans: 0 }).get(name)!;
  for (const trace of traces) {
    for (const service of trace.services) entry(service.name).spans += service.spans;
    entry(trace.rootService).roots++;
  }
  return [...rank].sort(([nameA, a], [nameB, b]) => b.roots - a.roots || b.spans - a.spans || (nameA < nameB ? -1 : 1)).map(([name]) => name);
}
