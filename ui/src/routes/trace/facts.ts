import { formatCount } from '../../format/count';
import type { TraceModel } from '../../trace/model';

export interface Fact {
  name: string;
  text: string;
  tone?: 'error' | 'warn';
}

/** The counts of a trace. What is zero and unusual is left out; errors never are. */
export function factsOf(trace: TraceModel): Fact[] {
  const { header } = trace.skeleton;
  const services = header.services.filter((service) => service.spans > 0).length;
  const deepest = trace.depth.reduce((most, depth) => Math.max(most, depth), 0) + 1;
  const facts: Fact[] = [
    { name: 'Spans', text: formatCount(header.rows) },
    { name: 'Services', text: formatCount(services) },
    { name: 'Depth', text: formatCount(deepest) },
    { name: 'Errors', text: formatCount(header.errors), tone: header.errors > 0 ? 'error' : undefined },
  ];
  const unusual: Array<[string, number]> = [
    ['Orphans', header.orphans],
    ['Conflicts', header.conflicts],
    ['Duplicates folded', header.duplicates],
    ['Roots', header.roots === 1 ? 0 : header.roots],
    ['Segments', (header.segments ?? 1) > 1 ? header.segments! : 0],
  ];
  for (const [name, value] of unusual) {
    if (value > 0) facts.push({ name, text: formatCount(value), tone: 'warn' });
  }
  if (header.roots === 0) facts.push({ name: 'Root', text: 'not stored', tone: 'warn' });
  return facts;
}
