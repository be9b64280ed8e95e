// The one duration formatter: three significant digits, unit always shown.

const UNITS: ReadonlyArray<readonly [unit: string, ns: number]> = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
];

/** Three significant digits without an exponent: 1.23, 12.3, 123, 1230. */
function threeDigits(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value.toFixed(Math.min(digits, 2));
}

/** 1230000 -> "1.23 ms", 75e9 -> "1m 15s". Negative values keep their sign. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return '–';
  if (ns < 0) return `−${formatDuration(-ns)}`;
  if (ns === 0) return '0 ns';
  if (ns < 1) return '<1 ns';
  for (const [i, [unit, scale]] of UNITS.entries()) {
    const value = ns / scale;
    const next = UNITS[i + 1];
    // 999.7 µs rounds to 1000 µs: say 1.00 ms.
    if (unit !== 's' && next && Number(threeDigits(value)) >= 1000) continue;
    if (unit === 's' && Number(threeDigits(value)) >= 60) break;
    return `${unit === 'ns' && Number.isInteger(value) ? String(value) : threeDigits(value)} ${unit}`;
  }
  return formatLong(ns);
}

/** A minute and more: the two largest units, for instance "2h 5m". */
function formatLong(ns: number): string {
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function join(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit} ${minor}${minorUnit}`;
}

const GO_UNIT_NS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a Go duration ("1.5s", "1m30s"), or null when it is none. */
export function parseGoDuration(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  let total = 0;
  let rest = trimmed;
  if (rest === '') return null;
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (!part) return null;
    total += Number(part[1]) * GO_UNIT_NS[part[2]!]!;
    rest = rest.slice(part[0].length);
  }
  return total;
}
