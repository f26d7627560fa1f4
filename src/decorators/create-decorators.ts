// createDecorators: decorators bound to one cache, or to a way to find it.

import { badInput } from "../errors.ts";
import { findCache } from "./cache-source.ts";
import { type Cached, makeCached } from "./cached.ts";
import { type CachedSync, makeCachedSync } from "./cached-sync.ts";
import { type Invalidates, makeInvalidates } from "./invalidates.ts";
import type { CacheSource } from "./types.ts";
import { makeWrap, type wrap } from "./wrap.ts";

/** The decorators, and `wrap`, of one cache. */
export interface BoundDecorators {
  readonly Cached: typeof Cached;
  readonly CachedSync: typeof CachedSync;
  readonly Invalidates: typeof Invalidates;
  readonly wrap: typeof wrap;
}

/**
 * Decorators that use this cache where neither they nor `@CacheDefaults` name another:
 * `export const { Cached, Invalidates } = createDecorators(cache)`.
 * @param cache the cache, or a function of the `this` of a call that finds it, asked at each call
 * @throws CacheError `invalid_option`
 */
export function createDecorators(cache: CacheSource): BoundDecorators {
  if (cache === undefined || cache === null) throw badInput("invalid_option", "cache", "a cache, or a function", cache);
  findCache(cache, undefined);
  return Object.freeze({
    Cached: ((key: unknown, options: unknown) => makeCached(key, options, cache)) as typeof Cached,
    CachedSync: ((key: unknown, options: unknown) => makeCachedSync(key, options, cache)) as typeof CachedSync,
    Invalidates: ((target: never, options: never) => makeInvalidates(target, options, cache)) as typeof Invalidates,
    wrap: ((fn: unknown, options: object | undefined) => makeWrap(fn, options, cache)) as typeof wrap,
  });
}
