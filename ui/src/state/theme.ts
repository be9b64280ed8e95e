import { useSyncExternalStore } from 'react';
import { create } from 'zustand';
import * as z from 'zod/mini';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

// public/theme.js reads the same key before the first paint.
const KEY = 'heddle.theme';
const Choice = z.catch(z.enum(THEMES), 'system');

function remembered(): ThemeChoice {
  try {
    return Choice.parse(JSON.parse(localStorage.getItem(KEY) ?? '"system"'));
  } catch {
    return 'system';
  }
}

const systemDark = matchMedia('(prefers-color-scheme: dark)');

function apply(choice: ThemeChoice): void {
  const dark = choice === 'dark' || (choice === 'system' && systemDark.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

interface ThemeState {
  choice: ThemeChoice;
  choose: (choice: ThemeChoice) => void;
}

export const useTheme = create<ThemeState>((set) => ({
  choice: remembered(),
  choose: (choice) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(choice));
    } catch {
      // Storage refused: the choice lasts as long as the page.
    }
    apply(choice);
    set({ choice });
  },
}));

systemDark.addEventListener('change', () => apply(useTheme.getState().choice));

/** The theme that is on screen; canvas code draws again when it changes. */
export function useShownTheme(): string {
  return useSyncExternalStore(watchShown, () => document.documentElement.dataset.theme ?? 'light');
}

function watchShown(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
