// Finds the cache a decorated method works on, at the time of the call.

import { badInput } from "../errors.ts";
import { cacheRegistry } from "../registry.ts";
import type { CacheOfSelf, CacheSource, DecoratorCache } from "./types.ts";

/** Finds the cache for the `this` of a call. @throws CacheError `not_initialized` when the registry has none yet */
export type FindCache = (self: unknown) => DecoratorCache;

/** The cache of all calls, where the option is one. */
export function fixedCache(given: unknown, fallback: CacheSource | undefined): DecoratorCache | undefined {
  const source = given ?? fallback;
  return source === undefined || typeof source === "function" ? undefined : checked(source, "cache");
}

/**
 * The normal form of the option `cache`.
 * @param fallback where the option says nothing; default: the registry
 * @throws CacheError `invalid_option`
 */
export function findCache(given: unknown, fallback: CacheSource | undefined): FindCache {
  const source = given ?? fallback;
  if (source === undefined) return () => cacheRegistry.get();
  if (typeof source === "function") return (self) => checked((source as CacheOfSelf)(self as object), "cache(this)");
  const cache = checked(source, "cache");
  return () => cache;
}

function checked(value: unknown, field: string): DecoratorCache {
  const isCache = typeof (value as Partial<DecoratorCache> | null | undefined)?.get === "function";
  if (!isCache) throw badInput("invalid_option", field, "a cache, or a function that returns one", value);
  return value as DecoratorCache;
}
