// Times arrive as Unix nanoseconds in decimal strings, because a JSON number
// cannot hold them. They stay strings or bigints until they are shown.

const NS_PER_MS = 1_000_000n;

export function nsToDate(unixNano: string): Date {
  return new Date(Number(BigInt(unixNano) / NS_PER_MS));
}

export function dateToNs(date: Date): string {
  return (BigInt(date.getTime()) * NS_PER_MS).toString();
}

/** The instant `offsetNs` after `unixNano`, as Unix nanoseconds. */
export function addNs(unixNano: string, offsetNs: number): string {
  return (BigInt(unixNano) + BigInt(Math.round(offsetNs))).toString();
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

/** "2026-11-22 10:11:25.042" in the reader's time zone. */
export function formatDateTime(date: Date): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${formatClockMs(date)}`;
}

export function formatClockMs(date: Date): string {
  return `${formatClock(date)}.${pad(date.getMilliseconds(), 3)}`;
}

export function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

export function formatClock(date: Date): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** An instant with its nanoseconds: "2026-11-22 10:11:25.042123456". */
export function formatInstant(unixNano: string): string {
  const ns = BigInt(unixNano);
  return formatDateTime(nsToDate(unixNano)) + pad(Number(ns % NS_PER_MS), 6);
}

/** "+01:00", the offset that the absolute times are written in. */
export function zoneName(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const sign = minutes < 0 ? '−' : '+';
  const abs = Math.abs(minutes);
  return minutes === 0 ? 'UTC' : `UTC${sign}${pad(Math.floor(abs / 60))}:${pad(abs % 60)}`;
}

const STEPS: ReadonlyArray<readonly [limitSeconds: number, seconds: number, unit: string]> = [
  [60, 1, 's'],
  [3600, 60, 'min'],
  [86_400, 3600, 'h'],
  [Infinity, 86_400, 'd'],
];

/** "just now", "42 s ago", "5 min ago", "in 3 s". */
export function formatRelative(date: Date, now: Date): string {
  const seconds = (now.getTime() - date.getTime()) / 1000;
  const abs = Math.abs(seconds);
  if (abs < 1) return 'just now';
  const [, size, unit] = STEPS.find(([limit]) => abs < limit)!;
  const text = `${Math.floor(abs / size)} ${unit}`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

/** The value of <input type="datetime-local"> for an instant. */
export function toLocalInput(date: Date): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${formatClock(date)}`;
}
