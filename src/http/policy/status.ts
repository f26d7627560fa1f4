// What status codes mean to a cache (RFC 9110 §15).

/** Codes that a lifetime may be guessed for (RFC 9110 §15.1), 206 left out: a part is judged by its own rules. */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Codes whose caching requirements are known here: those of RFC 9110 and of the documents it refers to. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 203, 204, 206, 300, 301, 302, 303, 304, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426],
  ...[428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511],
]);

/** Failures of the origin, or of the way to it, instead of which an old response may be given (RFC 5861 §4). */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Whether a response may be fresh without saying how long (RFC 9110 §15.1). */
export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status);
}

/** Whether the cache knows what a status code asks of it, for `must-understand` (RFC 9111 §5.2.2.3). */
export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

/** Whether a response is the last one to its request (RFC 9110 §15.2). */
export function isFinal(status: number): boolean {
  return status >= 200;
}

/** Whether a response counts as an error for `stale-if-error` (RFC 5861 §4). */
export function isFailure(status: number): boolean {
  return FAILURES.has(status);
}
