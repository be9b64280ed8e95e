import { expect, it } from 'vitest';
import type { TraceSummary } from '../../../api/schema';
import { marksOf } from './marks';

const trace = (rootService: string, ...names: string[]): TraceSummary => ({
  traceId: rootService,
  rootService,
  rootName: '',
  startUnixNano: '0',
  durationNs: 1,
  spans: names.length,
  errors: 0,
  orphans: 0,
  services: names.map((name) => ({ name, spans: 1, errors: 0 })),
  matchedSpans: 1,
});

it('keeps the marks of services when further pages bring others', () => {
  const first = [trace('gateway', 'cart', 'gateway'), trace('gateway', 'checkout')];
  const before = marksOf([first]);
  const later = Array.from({ length: 20 }, (_, i) => trace('gateway-two', `service-${i}`, 'cart', 'cart'));
  const after = marksOf([first, later]);
  expect([...before.keys()]).toEqual(['gateway', 'cart', 'checkout']);
  for (const [name, mark] of before) expect(after.get(name)).toEqual(mark);
  expect(after.size).toBe(24);
});
