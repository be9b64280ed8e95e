import { ArrowDownToLine, ArrowUpFromLine, Circle, CircleDashed, LogIn, LogOut } from 'lucide-react';
import css from './ServiceMark.module.css';

const ICONS: Record<string, typeof Circle> = {
  server: LogIn,
  client: LogOut,
  producer: ArrowUpFromLine,
  consumer: ArrowDownToLine,
  internal: Circle,
  unspecified: CircleDashed,
};

/** Arrow in for a server, out for a client, a circle for work inside. */
export function KindIcon({ kind }: { kind: string }) {
  const Icon = ICONS[kind] ?? CircleDashed;
  return <Icon size={12} className={css.kind} role="img" aria-label={kind} />;
}
