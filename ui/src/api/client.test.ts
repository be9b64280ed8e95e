// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deleteTrace, fetchDeletions, fetchStatus, fetchTraces } from './client';
import { ApiError } from './error';
import { mistakeIn, saidOf } from './searchQueries';
import { linesOf, tailOf } from './tail';
import { SpanBatch } from './spanBatch';
import type { Span } from './schema';

const respond = (body: string, status = 200) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body, { status })));

afterEach(() => vi.unstubAllGlobals());

const failure = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

describe('client', () => {
  it('carries the message of the server', async () => {
    respond('{"error":{"code":"bad_request","message":"minDuration: write 200ms"}}', 400);
    const error = await failure(fetchTraces(new URLSearchParams()));
    expect(error).toMatchObject({ code: 'bad_request', message: 'minDuration: write 200ms', status: 400, retryable: false });
  });
  it('makes something of an error that is not the contract', async () => {
    respond('upstream is down', 502);
    expect(await failure(fetchStatus())).toMatchObject({ code: 'internal', message: 'HTTP 502: upstream is down', retryable: true });
  });
  it('says that nothing answered', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('failed'))));
    expect(await failure(fetchStatus())).toMatchObject({ code: 'unreachable', retryable: true });
  });
  it('refuses an answer that is not what the contract says', async () => {
    respond('{"version":1}');
    expect((await failure(fetchStatus())).message).toContain('not what the contract says');
    respond('<html>');
    expect((await failure(fetchStatus())).message).toContain('not JSON');
  });
  it('deletes a trace with a reason, and tells a store that cannot', async () => {
    respond('{"deadlineUnixNano":"5","deletions":[]}', 202);
    expect((await deleteTrace('ab', 'ticket 12 & more')).deadlineUnixNano).toBe('5');
    const [url, init] = vi.mocked(fetch).mock.lastCall!;
    expect([new URL(String(url)).pathname, new URL(String(url)).searchParams.get('reason'), init!.method]).toEqual(['/heddle/v1/traces/ab', 'ticket 12 & more', 'DELETE']);
    respond('{"error":{"code":"unsupported","message":"the main store deletes nothing on demand"}}', 501);
    expect(await failure(fetchDeletions())).toMatchObject({ code: 'unsupported', status: 501, retryable: false });
  });
  it('ignores fields of a newer server, and reads null as an empty list', async () => {
    const rest = { more: false, total: { traces: 0, relation: 'exact' }, stats: { scannedSpans: 0, readTraces: 0, readSpans: 0 } };
    respond(JSON.stringify({ ...rest, traces: null, somethingNew: 1 }));
    expect(await fetchTraces(new URLSearchParams())).toEqual({ ...rest, traces: [] });
  });
  it('knows where a query is wrong', async () => {
    respond('{"error":{"code":"bad_request","message":"q: traceql: line 1, column 3: no field naem; did you mean name?","line":1,"column":3,"remedy":"did you mean name?"}}', 400);
    const error = await failure(fetchTraces(new URLSearchParams()));
    expect(error.place).toEqual({ line: 1, column: 3 });
    expect(saidOf(error)).toBe('no field naem; did you mean name?');
  });
  it('tells a wrong query from a server that fails', async () => {
    expect(await mistakeIn('  ')).toBeNull();
    respond('{"error":{"code":"bad_request","message":"q: no","line":1,"column":1}}', 400);
    expect(await mistakeIn('{')).toMatchObject({ place: { line: 1, column: 1 } });
    respond('gone', 502);
    expect((await failure(mistakeIn('{'))).code).toBe('internal');
  });
});

describe('live tail', () => {
  const inPieces = (...pieces: string[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
  const collect = async <T>(items: AsyncIterable<T>) => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };
  it('takes lines as they are completed, wherever the network cuts', async () => {
    expect(await collect(linesOf(inPieces('{"a', '":1}\n{"b":2}', '\n\n', '{"c":"ü"}')))).toEqual(['{"a":1}', '{"b":2}', '{"c":"ü"}']);
  });
  it('skips events of a newer server and refuses what is no JSON', async () => {
    const status = { type: 'status', matched: 1, dropped: 0 };
    vi.stubGlobal('fetch', vi.fn(async () => new Response(inPieces(`{"type":"weather"}\n${JSON.stringify(status)}\n`))));
    expect(await collect(tailOf('{ .a }', '7', new AbortController().signal))).toEqual([status]);
    const url = new URL(String(vi.mocked(fetch).mock.lastCall![0]));
    expect([url.pathname, url.searchParams.get('q'), url.searchParams.get('since')]).toEqual(['/heddle/v1/tail', '{ .a }', '7']);
    vi.stubGlobal('fetch', vi.fn(async () => new Response(inPieces('<html>\n'))));
    expect((await failure(collect(tailOf('', undefined, new AbortController().signal)))).code).toBe('malformed');
  });
});

describe('SpanBatch', () => {
  const span = (spanId: string) => ({ spanId }) as Span;
  it('asks once for what is wanted together', async () => {
    const fetch = vi.fn(async (ids: readonly string[]) => ids.map(span));
    const batch = new SpanBatch(fetch);
    const answers = await Promise.all(['a', 'b', 'a'].map((id) => batch.load(id)));
    expect(fetch.mock.calls).toEqual([[['a', 'b']]]);
    expect(answers.map(([first]) => first!.spanId)).toEqual(['a', 'b', 'a']);
  });
  it('never asks for more than 500 at once', async () => {
    const fetch = vi.fn(async (ids: readonly string[]) => ids.map(span));
    const batch = new SpanBatch(fetch);
    await Promise.all(Array.from({ length: 1100 }, (_, i) => batch.load(String(i))));
    expect(fetch.mock.calls.map(([ids]) => ids.length)).toEqual([500, 500, 100]);
  });
  it('gives back every span of a shared id, and says when one is gone', async () => {
    const batch = new SpanBatch(async () => [span('a'), span('a')]);
    expect(await batch.load('a')).toHaveLength(2);
    expect((await failure(batch.load('b'))).code).toBe('not_found');
  });
});
