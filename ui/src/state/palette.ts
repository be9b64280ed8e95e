// Resolved token values for canvas code, read once per theme.
import { SLOTS } from '../trace/serviceColor';

export interface Palette {
  bg: string;
  surface: string;
  line: string;
  text: string;
  muted: string;
  accent: string;
  error: string;
  services: string[];
  rest: string;
}

const byTheme = new Map<string, Palette>();

export function paletteOf(theme: string): Palette {
  const known = byTheme.get(theme);
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const palette: Palette = {
    bg: token('bg'),
    surface: token('surface'),
    line: token('line'),
    text: token('text'),
    muted: token('muted'),
    accent: token('accent'),
    error: token('error'),
    services: Array.from({ length: SLOTS }, (_, slot) => token(`svc-${slot}`)),
    rest: token('svc-rest'),
  };
  byTheme.set(theme, palette);
  return palette;
}

/** "#2f5fd0" to its three bytes. */
export function rgbOf(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
