import { create } from 'zustand';

type Overlay = 'palette' | 'help';

/** Which overlay is open; there is never more than one. */
export const useOverlay = create<{ shown: Overlay | null; show: (overlay: Overlay | null) => void }>((set) => ({
  shown: null,
  show: (shown) => set({ shown }),
}));
