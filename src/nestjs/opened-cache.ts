// One cache of one application, and whether it ends with it.

import { badInput } from "../errors.ts";
import { TieredCacheManager } from "../manager.ts";
import type { CacheOrOptions } from "./options.ts";

/** A cache that an application works with. */
export interface OpenedCache {
  readonly cache: TieredCacheManager;
  /** Whether the application closes it at its end. */
  readonly isOwned: boolean;
}

/**
 * Makes the cache, or takes the one that is given.
 * @param name that of the cache where its options have none
 * @param closeCache what was said about closing it; else those made here are closed
 * @param from where the options come from, for messages
 * @throws CacheError `invalid_option` or `invalid_key`
 */
export function openCache(
  given: CacheOrOptions,
  name: string | undefined,
  closeCache: boolean | undefined,
  from: string,
): OpenedCache {
  if (given instanceof TieredCacheManager) return { cache: given, isOwned: closeCache ?? false };
  if (typeof given !== "object" || given === null) {
    throw badInput("invalid_option", from, "options of a cache, or a TieredCacheManager", given);
  }
  const cache = new TieredCacheManager(name === undefined ? given : { ...given, name: given.name ?? name });
  return { cache, isOwned: closeCache ?? true };
}
