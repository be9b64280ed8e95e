import { ApiError } from '../../api/error';
import type { DiffNode } from '../../api/schema';
import { buildShape, type Tree } from '../../trace/shape';

/** Both call trees as one, depth-first: row n is path n. */
export interface DiffTree extends Tree {
  paths: DiffNode[];
}

/**
 * Puts the nodes of an answer into rows. The answer has a parent before its
 * children, but what only b has comes last: each such path goes behind its siblings.
 */
export function treeOf(nodes: readonly DiffNode[]): DiffTree {
  const firstChild = new Int32Array(nodes.length).fill(-1);
  const nextSibling = new Int32Array(nodes.length).fill(-1);
  let firstTop = -1;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const up = nodes[i]!.parent;
    if (up < -1 || up >= i) throw new ApiError('malformed', `The answer to /heddle/v1/diff is damaged: the parent of node ${i} is ${up}, which is not one before it.`);
    nextSibling[i] = up < 0 ? firstTop : firstChild[up]!;
    if (up < 0) firstTop = i;
    else firstChild[up] = i;
  }

  const paths: DiffNode[] = [];
  const rowOf = new Int32Array(nodes.length);
  const parent = new Int32Array(nodes.length);
  const waiting = firstTop < 0 ? [] : [firstTop];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const node = nodes[at]!;
    rowOf[at] = paths.length;
    parent[paths.length] = node.parent < 0 ? -1 : rowOf[node.parent]!;
    paths.push(node);
    if (nextSibling[at]! >= 0) waiting.push(nextSibling[at]!);
    if (firstChild[at]! >= 0) waiting.push(firstChild[at]!);
  }
  return { paths, skeleton: { rows: paths.length, parent }, ...buildShape(parent) };
}

/** The nodes that are wanted, and those above them that say where they are. */
export function prunedTo(nodes: readonly DiffNode[], wanted: (node: DiffNode) => boolean): DiffNode[] {
  const kept = nodes.map(wanted);
  for (let i = nodes.length - 1; i >= 0; i--) if (kept[i] && nodes[i]!.parent >= 0) kept[nodes[i]!.parent] = true;
  const places: number[] = [];
  const out: DiffNode[] = [];
  nodes.forEach((node, i) => {
    places.push(out.length);
    if (kept[i]) out.push({ ...node, parent: node.parent < 0 ? -1 : places[node.parent]! });
  });
  return out;
}
