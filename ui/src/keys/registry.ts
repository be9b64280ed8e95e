// Keyboard shortcuts. Views register what they offer while they are mounted;
// the help dialog lists what is registered, so it cannot be out of date.
import { create } from 'zustand';

export interface Shortcut {
  /** As a reader writes it: "j", "?", "g t", "Shift+ArrowLeft", "Mod+k". */
  keys: string;
  does: string;
  group: string;
  /** Returns false to let an older registration act (Esc goes layer by layer). */
  run: () => boolean | void;
}

interface Registry {
  sets: Shortcut[][];
  add: (set: Shortcut[]) => () => void;
}

export const useRegistry = create<Registry>((set) => ({
  sets: [],
  add: (shortcuts) => {
    set(({ sets }) => ({ sets: [...sets, shortcuts] }));
    return () => set(({ sets }) => ({ sets: sets.filter((other) => other !== shortcuts) }));
  },
}));

const SEQUENCE_MS = 1000;

/** Listens on the document. Returns a function that stops. */
export function listen(target: Document = document): () => void {
  let prefix = '';
  let prefixAt = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const pressed = nameOf(event);
    if (pressed === '' || (isTyping(event.target) && !pressed.startsWith('Mod+') && pressed !== 'Escape')) return;
    const sequence = prefix && event.timeStamp - prefixAt < SEQUENCE_MS ? `${prefix} ${pressed}` : pressed;
    prefix = '';
    if (runFirst(sequence) || (sequence !== pressed && runFirst(pressed))) {
      event.preventDefault();
    } else if (startsSequence(pressed)) {
      prefix = pressed;
      prefixAt = event.timeStamp;
    }
  };
  target.addEventListener('keydown', onKey);
  return () => target.removeEventListener('keydown', onKey);
}

function runFirst(keys: string): boolean {
  // While a dialog is open, what lies under it must not act.
  if (document.querySelector('[role="dialog"]') && keys !== 'Mod+k') return false;
  const { sets } = useRegistry.getState();
  for (const set of sets.toReversed()) {
    const shortcut = set.find((s) => s.keys === keys);
    if (shortcut && shortcut.run() !== false) return true;
  }
  return false;
}

function startsSequence(pressed: string): boolean {
  return useRegistry.getState().sets.some((set) => set.some((s) => s.keys.startsWith(`${pressed} `)));
}

function nameOf(event: KeyboardEvent): string {
  if (event.altKey) return '';
  if (event.ctrlKey || event.metaKey) return `Mod+${event.key.toLowerCase()}`;
  // A printed character already says what Shift did to it.
  return event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
}

/** No single key acts inside something that takes text. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select');
}
