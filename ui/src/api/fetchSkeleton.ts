import { errorOf, unreachable } from './error';

/** The payload of a trace's skeleton, from where `skeletonUrl` says. */
export async function fetchSkeleton(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, { signal, headers: { Accept: 'application/vnd.heddle.skeleton' } }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw unreachable(cause);
  });
  if (!response.ok) throw await errorOf(response);
  return response.arrayBuffer();
}
