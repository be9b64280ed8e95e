// Colours of services: by rank within the trace, with a preferred slot that is
// the hash of the name. Neighbours differ, and two people see the same link alike.

/** Colours in the palette (--svc-0 … --svc-9). */
export const SLOTS = 10;

export interface ServiceMark {
  name: string;
  /** 0..9, or -1 for the services beyond the twentieth: grey. */
  slot: number;
  /** The second ten repeat the colours with a stripe. */
  striped: boolean;
  monogram: string;
}

/** FNV-1a over UTF-16 code units; stable across sessions and machines. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash ^= name.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Marks for services given by rank (most spans first), in the same order. */
export function assignMarks(names: readonly string[]): ServiceMark[] {
  const slots = new Map<string, number>();
  for (let round = 0; round < 2; round++) {
    const taken = new Set<number>();
    const here = names.slice(round * SLOTS, (round + 1) * SLOTS);
    for (const name of here) {
      let slot = hashName(name) % SLOTS;
      while (taken.has(slot)) slot = (slot + 1) % SLOTS;
      taken.add(slot);
      slots.set(name, slot);
    }
  }
  const monograms = assignMonograms(names);
  return names.map((name, rank) => ({
    name,
    slot: rank < SLOTS * 2 ? slots.get(name)! : -1,
    striped: rank >= SLOTS && rank < SLOTS * 2,
    monogram: monograms[rank]!,
  }));
}

/** Two letters each; a taken pair gives way to other letters of the name. */
function assignMonograms(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const pick = monogramChoices(name).find((choice) => !taken.has(choice)) ?? monogram(name);
    taken.add(pick);
    return pick;
  });
}

/** "checkout-service" -> "CS", "cart" -> "CA". */
export function monogram(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const [first = '?', second] = words;
  return (second ? first.charAt(0) + second.charAt(0) : first.slice(0, 2)).toUpperCase();
}

function monogramChoices(name: string): string[] {
  const letters = name.replace(/[^\p{L}\p{N}]+/gu, '').toUpperCase();
  const choices = [monogram(name)];
  for (let i = 1; i < letters.length; i++) choices.push(letters.charAt(0) + letters.charAt(i));
  return choices;
}

/** The CSS value of a mark's colour. */
export function markColor(mark: Pick<ServiceMark, 'slot'>): string {
  return mark.slot < 0 ? 'var(--svc-rest)' : `var(--svc-${mark.slot})`;
}
