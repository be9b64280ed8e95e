/** Bits of the skeleton's `flags` column. */
export const Flag = {
  error: 1 << 0,
  orphan: 1 << 1,
  root: 1 << 2,
  conflict: 1 << 3,
  sharedId: 1 << 4,
  events: 1 << 5,
  links: 1 << 6,
  endsBeforeStart: 1 << 7,
  statusOk: 1 << 8,
  proxy: 1 << 9,
  cycle: 1 << 10,
} as const;

/** Kinds by the number that OTLP gives them, which is how the column holds them. */
export const KIND_NAMES = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
