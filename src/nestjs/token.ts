// The names under which NestJS knows caches: what is injected where.

import { Inject } from "@nestjs/common";
import { badInput } from "../errors.ts";
import { TieredCacheManager } from "../manager.ts";

/** What NestJS knows a cache by: the class itself for the default one, a text for all others. */
export type CacheToken = typeof TieredCacheManager | string;

const DEFAULT_NAME = "default";

/**
 * The injection token of a cache, for `inject: [getCacheToken("images")]`, `moduleRef.get()` and `overrideProvider()`.
 * That of the default cache is the class `TieredCacheManager`, so a constructor's parameter of that type needs no
 * decorator where the compiler emits metadata.
 * @param name as given to `TieredCacheModule`. Default: the default cache
 * @throws CacheError `invalid_argument`
 */
export function getCacheToken(name?: string): CacheToken {
  const known = checkCacheName(name, "name", "invalid_argument");
  return known === undefined ? TieredCacheManager : `TieredCacheManager(${known})`;
}

/**
 * Injects a cache: `constructor(@InjectCache() cache: TieredCacheManager)`, or on a property.
 * @param name as given to `TieredCacheModule`. Default: the default cache
 * @throws CacheError `invalid_argument`
 */
export function InjectCache(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getCacheToken(name));
}

/** The name of a cache that is not the default one, else `undefined`. @throws CacheError `code` */
export function checkCacheName(
  name: unknown,
  field: string,
  code: "invalid_option" | "invalid_argument",
): string | undefined {
  if (name === undefined || name === DEFAULT_NAME) return undefined;
  if (typeof name !== "string" || name === "") throw badInput(code, field, "a non-empty string", name);
  return name;
}
