import { Equal, Hash, Minus, Plus, TrendingDown, TrendingUp } from 'lucide-react';
import css from './DiffTable.module.css';
import { type Verdict, WORDS } from './verdict';

const ICONS: Record<Verdict, typeof Plus> = { onlyA: Minus, onlyB: Plus, slower: TrendingUp, faster: TrendingDown, counts: Hash, same: Equal };

/** A sign and a word; the colour only repeats them. */
export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const Icon = ICONS[verdict];
  return (
    <span className={css.verdict} data-verdict={verdict}>
      <Icon size={14} aria-hidden="true" /> {WORDS[verdict]}
    </span>
  );
}
