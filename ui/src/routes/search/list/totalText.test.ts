import { expect, it } from 'vitest';
import { totalText } from './totalText';

it('says how many of how many, and how well that is known', () => {
  expect(totalText(20, { traces: 1234, relation: 'exact' }, false)).toBe('20 of 1,234 traces');
  expect(totalText(1, { traces: 1, relation: 'exact' }, false)).toBe('1 trace, all that match');
  expect(totalText(20, { traces: 21, relation: 'atLeast' }, false)).toBe('20 of at least 21 traces');
  expect(totalText(20, { traces: 20, relation: 'exact' }, true)).toBe('20 of at least 20 traces');
});
