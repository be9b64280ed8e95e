/** Where the UI is served, always with a slash at the end: "/" or "/mesh/". */
export function basePath(): string {
  const path = new URL(document.baseURI).pathname;
  return path.endsWith('/') ? path : path.slice(0, path.lastIndexOf('/') + 1);
}

/** The absolute address of a path below the base: apiUrl('heddle/v1/status'). */
export function apiUrl(path: string, params?: URLSearchParams): string {
  const url = new URL(basePath() + path, location.origin);
  if (params) url.search = params.toString();
  return url.toString();
}
