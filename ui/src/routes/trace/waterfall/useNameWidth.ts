import type { CSSProperties } from 'react';
import { create } from 'zustand';

const KEY = 'heddle.nameWidth';
const DEFAULT = 36;
const clamp = (percent: number) => Math.min(Math.max(percent, 15), 75);

function remembered(): number {
  try {
    return clamp(Number(localStorage.getItem(KEY) ?? DEFAULT) || DEFAULT);
  } catch {
    return DEFAULT;
  }
}

const useStore = create<{ percent: number; set: (percent: number) => void }>((set) => ({
  percent: remembered(),
  set: (wanted) => {
    const percent = clamp(wanted);
    try {
      localStorage.setItem(KEY, String(percent));
    } catch {
      // Storage refused: the width lasts as long as the page.
    }
    set({ percent });
  },
}));

export interface NameWidth {
  percent: number;
  set: (percent: number) => void;
  reset: () => void;
  style: CSSProperties;
}

/** How the waterfall divides its width between names and bars: a preference. */
export function useNameWidth(): NameWidth {
  const { percent, set } = useStore();
  return { percent, set, reset: () => set(DEFAULT), style: { '--name': `${percent}%` } as CSSProperties };
}
