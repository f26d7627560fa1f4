// An absolute URL cut into its parts as it was written: what a router tells apart stays apart.

/** `search` begins with `?`, or is empty. A fragment is left out. */
export interface UrlParts {
  readonly origin: string;
  readonly path: string;
  readonly search: string;
}

/**
 * The parts of an absolute URL. None is changed: `new URL` makes `/b` of `/a/../b`, which routers do not, and so the answer of
 * one route would stand under the key of another. It also takes longer than all else that a hit has to do.
 */
export function urlParts(url: string): UrlParts {
  const scheme = url.indexOf("://");
  const begin = scheme === -1 ? url.indexOf(":") + 1 : url.indexOf("/", scheme + 3);
  const fragment = url.indexOf("#");
  const end = fragment === -1 ? url.length : fragment;
  const mark = url.indexOf("?", begin);
  const query = mark === -1 || mark > end ? end : mark;
  return { origin: url.slice(0, begin), path: url.slice(begin, query), search: url.slice(query, end) };
}
