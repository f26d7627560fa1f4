// A response as the cache holds it, and as undici takes it: on the clock of the process that asks.

import type { Instant, Milliseconds } from "../model/duration.ts";
import { valueOf } from "./keys.ts";
import type { HttpCached, HttpCacheKey, HttpCacheValue } from "./types.ts";

/** A response in the cache. */
export interface StoredResponse {
  /** That of its URL: it counts only as long as the two are the same. */
  readonly generation: string;
  /** All but the body, as JSON: what is given out is made anew each time, so nobody can change what is stored. */
  readonly head: string;
  readonly body: Buffer;
}

/** What its head holds. Of `vary` only the names: the values are those of any request that it matches. */
interface Head extends Omit<HttpCacheValue, "vary"> {
  /** When it was stored, by the wall clock that the other instants were read from. */
  readonly storedAt: Instant;
}

/** As much of an entry as this needs; `createdAt` by the clock of the cache. */
export interface StoredEntry {
  readonly value: StoredResponse;
  readonly createdAt: Instant;
}

/** Makes an entry of a response. */
export function freeze(generation: string, value: HttpCacheValue, body: Buffer, storedAt: Instant): StoredResponse {
  const { statusCode, statusMessage, headers, etag, cacheControlDirectives, cachedAt, staleAt, deleteAt } = value;
  const head: Head = {
    ...{ statusCode, statusMessage, headers, cachedAt, staleAt, deleteAt, storedAt },
    ...(etag !== undefined && { etag }),
    ...(cacheControlDirectives !== undefined && { cacheControlDirectives }),
  };
  return { generation, head: JSON.stringify(head), body };
}

/**
 * Makes a response of an entry. undici compares instants with `Date.now()`, and those stored are of another machine's
 * wall clock, perhaps. How long ago it was stored, however, the cache knows by the authority's clock; so they are moved to where
 * they lie on the wall clock here.
 * @param offsetMs how far the wall clock is ahead of that of the cache
 */
export function thaw(
  { value, createdAt }: StoredEntry,
  key: HttpCacheKey,
  names: readonly string[],
  offsetMs: Milliseconds,
): HttpCached {
  const { storedAt, ...head } = JSON.parse(value.head) as Head;
  const shift = createdAt + offsetMs - storedAt;
  return {
    ...head,
    ...(names.length > 0 && { vary: Object.fromEntries(names.map((name) => [name, valueOf(key.headers, name)])) }),
    cacheControlDirectives: head.cacheControlDirectives ?? {},
    cachedAt: head.cachedAt + shift,
    staleAt: head.staleAt + shift,
    deleteAt: head.deleteAt + shift,
    // A copy, since whoever reads it may change it. A list, since undici walks over a Buffer byte by byte.
    body: value.body.byteLength === 0 ? [] : [Buffer.from(value.body)],
  };
}
