import * as z from 'zod/mini';
import { apiUrl } from './base';
import { ApiError, errorOf, unreachable } from './error';
import { Comparison, Deletions, Diff, Keys, Operations, Ordered, Overview, Services, Spans, Status, TraceList, Values } from './schema';

/** Unix nanoseconds, start inclusive, end exclusive. */
export interface Window {
  start: string;
  end: string;
}

async function ask<T extends z.ZodMiniType>(
  method: 'GET' | 'DELETE',
  schema: T,
  path: string,
  params: URLSearchParams,
  signal?: AbortSignal,
): Promise<z.infer<T>> {
  let response: Response;
  try {
    response = await fetch(apiUrl(`heddle/v1/${path}`, params), { method, signal, headers: { Accept: 'application/json' } });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreachable(cause);
  }
  if (!response.ok) throw await errorOf(response);
  const body: unknown = await response.json().catch((cause: unknown) => {
    throw new ApiError('malformed', `The answer to /heddle/v1/${path} is not JSON.`, response.status, cause);
  });
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const where = z.prettifyError(parsed.error);
    throw new ApiError('malformed', `The answer to /heddle/v1/${path} is not what the contract says. ${where}`, response.status);
  }
  return parsed.data as z.infer<T>;
}

const get = <T extends z.ZodMiniType>(schema: T, path: string, params: URLSearchParams, signal?: AbortSignal) =>
  ask('GET', schema, path, params, signal);

function windowParams(window: Window): URLSearchParams {
  return new URLSearchParams({ start: window.start, end: window.end });
}

export const fetchStatus = (signal?: AbortSignal) => get(Status, 'status', new URLSearchParams(), signal);

export const fetchServices = (window: Window, signal?: AbortSignal) => get(Services, 'services', windowParams(window), signal);

export function fetchOperations(service: string, window: Window, signal?: AbortSignal) {
  const params = windowParams(window);
  params.set('service', service);
  return get(Operations, 'operations', params, signal);
}

export const fetchKeys = (window: Window, signal?: AbortSignal) => get(Keys, 'keys', windowParams(window), signal);

/** Values that begin with `prefix`, the most frequent first. */
export function fetchValues(scope: string, key: string, prefix: string, window: Window, signal?: AbortSignal) {
  const params = windowParams(window);
  params.set('scope', scope);
  params.set('key', key);
  if (prefix !== '') params.set('prefix', prefix);
  return get(Values, 'values', params, signal);
}

/** Searches traces; `params` is what `pageParams` made. */
export const fetchTraces = (params: URLSearchParams, signal?: AbortSignal) => get(TraceList, 'traces', params, signal);

export const fetchOverview = (params: URLSearchParams, signal?: AbortSignal) => get(Overview, 'overview', params, signal);

export const fetchComparison = (params: URLSearchParams, signal?: AbortSignal) => get(Comparison, 'compare', params, signal);

/** The most nodes of each call tree that the API gives; for spans beyond, the answer has a count. */
const MOST_NODES = '5000';

/** The call trees of two traces, merged. */
export const fetchDiff = (a: string, b: string, signal?: AbortSignal) => get(Diff, 'diff', new URLSearchParams({ a, b, nodes: MOST_NODES }), signal);

/** Details of spans by id, at most 500 at a time; ids may return several spans each. */
export async function fetchSpans(traceId: string, ids: readonly string[], signal?: AbortSignal) {
  const answer = await get(Spans, `traces/${traceId}/spans`, new URLSearchParams({ id: ids.join(',') }), signal);
  return answer.spans;
}

/** Deletes a trace for good; nothing brings it back. */
export const deleteTrace = (traceId: string, reason: string) =>
  ask('DELETE', Ordered, `traces/${traceId}`, new URLSearchParams({ reason }));

export const fetchDeletions = (signal?: AbortSignal) => get(Deletions, 'deletions', new URLSearchParams(), signal);

export const skeletonUrl = (traceId: string) => apiUrl(`heddle/v1/traces/${traceId}/skeleton`);

/** The whole trace in Jaeger's JSON, for other tools and for the archive. */
export const jaegerJsonUrl = (traceId: string) => apiUrl(`api/traces/${traceId}`);
