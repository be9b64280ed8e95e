import type { DiffNode } from '../../api/schema';
import { assignMarks, type ServiceMark } from '../../trace/serviceColor';

/** Colours of the services of both traces, the one with most spans first. */
export function marksOf(nodes: readonly DiffNode[]): ReadonlyMap<string, ServiceMark> {
  const spans = new Map<string, number>();
  for (const { service, a, b } of nodes) spans.set(service, (spans.get(service) ?? 0) + (a?.spans ?? 0) + (b?.spans ?? 0));
  const ranked = [...spans].sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1)).map(([name]) => name);
  return new Map(assignMarks(ranked).map((mark) => [mark.name, mark]));
}
