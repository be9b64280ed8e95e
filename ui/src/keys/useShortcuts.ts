import { useEffect, useRef } from 'react';
import { type Shortcut, useRegistry } from './registry';

/** Offers shortcuts while the calling component is mounted. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  // Registered once; each press calls the newest closures.
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const stable = latest.current.map((shortcut, i): Shortcut => ({
      ...shortcut,
      run: () => latest.current[i]!.run(),
    }));
    return useRegistry.getState().add(stable);
  }, []);
}
