import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import type { DiffNode } from '../../api/schema';
import { ServiceMark } from '../../components/service/ServiceMark';
import { formatCount, formatShare } from '../../format/count';
import { formatDuration } from '../../format/duration';
import type { ServiceMark as Mark } from '../../trace/serviceColor';
import css from './DiffTable.module.css';
import type { DiffTree } from './diffTree';
import { signedDuration } from './sentence';
import { VerdictMark } from './VerdictMark';
import { verdictOf } from './verdict';

interface DiffRowProps {
  tree: DiffTree;
  row: number;
  position: number;
  top: number;
  mark: Mark;
  longest: number;
  collapsed: boolean;
  tabbable: boolean;
  onFocus: (row: number) => void;
  onToggle: (row: number) => void;
}

/** Deeper than this, rows are not indented further: the name must stay readable. */
const DEEPEST_INDENT = 16;
const INDENT = 12;

export const DiffRow = memo(function DiffRow({ tree, row, position, top, mark, longest, collapsed, tabbable, onFocus, onToggle }: DiffRowProps) {
  const path = tree.paths[row]!;
  const { timePerTraceANs: timeA, timePerTraceBNs: timeB } = path;
  const parent = tree.children[row]! > 0;
  const hidden = tree.end[row]! - row - 1;
  return (
    <div
      role="row"
      className={css.row}
      style={{ transform: `translateY(${top}px)` }}
      tabIndex={tabbable ? 0 : -1}
      data-row={row}
      data-verdict={verdictOf(path)}
      aria-rowindex={position + 2}
      aria-level={tree.depth[row]! + 1}
      aria-expanded={parent ? !collapsed : undefined}
      onFocus={() => onFocus(row)}
    >
      <div role="rowheader" className={css.name} style={{ paddingLeft: Math.min(tree.depth[row]!, DEEPEST_INDENT) * INDENT }}>
        {parent ? (
          <button type="button" tabIndex={-1} className={css.toggle} aria-label={collapsed ? `Expand ${formatCount(hidden)} rows` : 'Collapse'} onClick={() => onToggle(row)}>
            {collapsed ? <ChevronRight size={14} aria-hidden="true" /> : <ChevronDown size={14} aria-hidden="true" />}
          </button>
        ) : (
          <span className={css.toggle} />
        )}
        <ServiceMark mark={mark} />
        <span className={css.service}>{path.service || 'unnamed service'}</span>
        <span className={css.operation}>{path.name || 'unnamed operation'}</span>
        {collapsed && <span className={css.hidden}>{`+${formatCount(hidden)}`}</span>}
      </div>
      <Spans of={path.a} />
      <Spans of={path.b} />
      <Time ns={path.a && timeA} />
      <Time ns={path.b && timeB} />
      <div role="gridcell" className={css.number}>
        {signedDuration(timeB - timeA)}
        {path.a && path.b && timeA > 0 && timeA !== timeB && <span className={css.share}>{`${timeB > timeA ? '+' : '−'}${formatShare(Math.abs(timeB - timeA) / timeA)}`}</span>}
      </div>
      <div role="gridcell">
        <VerdictMark verdict={verdictOf(path)} />
      </div>
      <div role="gridcell">
        <span className={css.bars} role="img" aria-label={`${formatDuration(timeA)} in A, ${formatDuration(timeB)} in B`}>
          <span className={css.barA} style={{ width: `${(timeA / longest) * 100}%` }} />
          <span className={css.barB} style={{ width: `${(timeB / longest) * 100}%` }} />
        </span>
      </div>
    </div>
  );
});

function Spans({ of }: { of: DiffNode['a'] }) {
  return (
    <div role="gridcell" className={css.number}>
      {of ? formatCount(of.spans) : '–'}
      {of && of.errors > 0 && <span className={css.failed}>{`${formatCount(of.errors)} failed`}</span>}
    </div>
  );
}

function Time({ ns }: { ns: number | undefined }) {
  return (
    <div role="gridcell" className={css.number}>
      {ns === undefined ? '–' : formatDuration(ns)}
    </div>
  );
}
