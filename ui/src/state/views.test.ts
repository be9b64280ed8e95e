// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { readViews, useViews } from './views';

beforeEach(() => {
  localStorage.clear();
  useViews.setState({ views: [] });
});

describe('saved views', () => {
  it('keep a search under a name, once', () => {
    const { save } = useViews.getState();
    save({ name: 'slow', search: { q: '{ duration > 1s }' } });
    save({ name: 'other', search: {} });
    save({ name: 'slow', search: { q: '{ duration > 2s }', sort: 'longest' } });
    expect(readViews(localStorage.getItem('heddle.views'))).toEqual([
      { name: 'slow', search: { q: '{ duration > 2s }', sort: 'longest' } },
      { name: 'other', search: {} },
    ]);
    useViews.getState().remove('slow');
    expect(useViews.getState().views.map(({ name }) => name)).toEqual(['other']);
  });
  it('drop what is not valid and keep the rest', () => {
    const stored = [{ name: 'a', search: { q: '{ }', sort: 'sideways', limit: 50 } }, { name: '' , search: {} }, 7, { name: 'b' }, { name: 'c', search: { service: 'cart' } }];
    expect(readViews(JSON.stringify(stored))).toEqual([
      { name: 'a', search: { q: '{ }', limit: 50 } },
      { name: 'c', search: { q: '{ resource.service.name = "cart" }' } },
    ]);
    for (const text of [null, 'not json', '{}', '3']) expect(readViews(text)).toEqual([]);
  });
});
