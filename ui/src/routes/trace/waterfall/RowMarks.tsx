import { Copy, OctagonX, RotateCcw, TriangleAlert, Unlink } from 'lucide-react';
import { Flag } from '../../../trace/flags';
import { hasFlag, type TraceModel } from '../../../trace/model';
import css from './Row.module.css';

// Each has its own shape and its word; colour comes third.
const MARKS = [
  { bit: Flag.error, word: 'error', Icon: OctagonX, tone: css.error },
  { bit: Flag.orphan, word: 'orphan', Icon: Unlink, tone: css.warn },
  { bit: Flag.conflict, word: 'conflict', Icon: Copy, tone: css.warn },
  { bit: Flag.cycle, word: 'cycle cut', Icon: RotateCcw, tone: css.warn },
  { bit: Flag.endsBeforeStart, word: 'ends early', Icon: TriangleAlert, tone: css.warn },
] as const;

export function RowMarks({ trace, row }: { trace: TraceModel; row: number }) {
  return MARKS.filter(({ bit }) => hasFlag(trace, row, bit)).map(({ word, Icon, tone }) => (
    <span key={word} className={`${css.flag} ${tone}`}>
      <Icon size={12} aria-hidden="true" /> {word}
    </span>
  ));
}
