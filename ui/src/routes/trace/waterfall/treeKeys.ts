// Where the keys of a treegrid lead, as the WAI-ARIA pattern has it.
import type { Tree } from '../../../trace/shape';
import { positionOf } from '../../../trace/visibleRows';

interface Place {
  trace: Pick<Tree, 'children' | 'skeleton'>;
  visible: Uint32Array;
  collapsed: Uint8Array;
  active: number;
  page: number;
}

export interface Move {
  row?: number;
  /** Collapse (true) or expand (false) the active row. */
  toggle?: boolean;
}

/** The move a key stands for, or null when it is no key of the tree. */
export function moveByKey(key: string, { trace, visible, collapsed, active, page }: Place): Move | null {
  const at = Math.max(0, positionOf(visible, active));
  const to = (position: number): Move => ({ row: visible[Math.min(Math.max(position, 0), visible.length - 1)] });
  switch (key) {
    case 'ArrowDown':
      return to(at + 1);
    case 'ArrowUp':
      return to(at - 1);
    case 'PageDown':
      return to(at + page);
    case 'PageUp':
      return to(at - page);
    case 'Home':
      return to(0);
    case 'End':
      return to(visible.length - 1);
    case 'ArrowRight':
      if (trace.children[active] === 0) return {};
      return collapsed[active] ? { toggle: false } : { row: active + 1 };
    case 'ArrowLeft': {
      if (trace.children[active]! > 0 && !collapsed[active]) return { toggle: true };
      const parent = trace.skeleton.parent[active]!;
      return parent >= 0 ? { row: parent } : {};
    }
    default:
      return null;
  }
}
