// What undici's cache interceptor gives a store and takes from it, in versions 7 and 8: a type of our own, so that undici
// need not be there when code is compiled. A test holds it against undici's.

import type { Instant } from "../model/duration.ts";

/** Header fields by name in lower case. */
export type HttpHeaders = Record<string, string | string[]>;

/** The request headers that a response varies by, with their values; `null` for one that the request did not have. */
export type HttpVary = Record<string, string | string[] | null>;

/** `Cache-Control` as undici reads it. */
export interface HttpCacheControl {
  "max-stale"?: number;
  "min-fresh"?: number;
  "max-age"?: number;
  "s-maxage"?: number;
  "stale-while-revalidate"?: number;
  "stale-if-error"?: number;
  public?: true;
  private?: true | string[];
  "no-store"?: true;
  "no-cache"?: true | string[];
  "must-revalidate"?: true;
  "proxy-revalidate"?: true;
  immutable?: true;
  "no-transform"?: true;
  "must-understand"?: true;
  "only-if-cached"?: true;
}

/** A request. undici makes one such object for each, and asks, stores and deletes with it. */
export interface HttpCacheKey {
  origin: string;
  method: string;
  path: string;
  headers?: HttpHeaders;
}

/** A response without its body. Instants are those of the wall clock (`Date.now()`). */
export interface HttpCacheValue {
  statusCode: number;
  statusMessage: string;
  headers: HttpHeaders;
  vary?: HttpVary;
  etag?: string;
  cacheControlDirectives?: HttpCacheControl;
  /** When the origin made it, as far as its age tells. */
  cachedAt: Instant;
  /** Until when it is fresh: undici judges that. */
  staleAt: Instant;
  /** Until when it is kept. */
  deleteAt: Instant;
}

/** A response as it is given out, with a body of its own. */
export interface HttpCached extends HttpCacheValue {
  cacheControlDirectives: HttpCacheControl;
  body: Buffer[];
}
