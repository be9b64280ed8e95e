// @vitest-environment happy-dom
import { act, cleanup, configure, renderHook, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { useTail } from './useTail';

configure({ asyncUtilTimeout: 30_000 });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const span = (n: number) => ({ traceId: 't', spanId: String(n), service: 's', name: 'n', kind: 'server', startUnixNano: String(n), durationNs: 1, error: false });
const answer = (...events: object[]) => new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
const asked = () => vi.mocked(fetch).mock.calls.map(([url]) => new URL(String(url)).searchParams.get('since'));

it('goes on behind the end of an answer, and behind an error when told to, with the counts so far', async () => {
  const answers = [
    answer({ type: 'spans', spans: [span(1), span(2)], matched: 3, dropped: 1 }, { type: 'end', reason: 'time limit', since: '1' }),
    answer({ type: 'spans', spans: [span(2), span(7)], matched: 2, dropped: 0 }, { type: 'error', error: { code: 'internal', message: 'the store is closing' } }),
    answer({ type: 'status', matched: 0, dropped: 0, partial: 'too many' }),
  ];
  vi.stubGlobal('fetch', vi.fn(async () => answers.shift()!));
  const { result } = renderHook(() => useTail('{ .a }'));
  await waitFor(() => expect(result.current.state).toBe('failed'));
  expect(result.current.error!.message).toBe('the store is closing');
  expect(result.current.tail.rows.map(({ spanId }) => spanId)).toEqual(['7', '2', '1']);
  expect(result.current.tail).toMatchObject({ matched: 5, dropped: 1 });
  act(() => result.current.retry());
  await waitFor(() => expect(result.current.error?.message).toContain('broke off'));
  expect(result.current.partial).toBe('too many');
  expect(result.current.tail).toMatchObject({ matched: 5, dropped: 1 });
  expect(asked()).toEqual([null, '1', '7']);
});
