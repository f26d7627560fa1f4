// The registry: the default cache of a process, which decorators use where they are given none.

import { CacheError } from "./errors.ts";
import { TieredCacheManager } from "./manager.ts";
import type { CacheOptions } from "./options.ts";

/** Holds one default cache. */
export interface CacheRegistry {
  /**
   * Sets the default cache: one that exists, or a new one with these options.
   * @throws CacheError `already_initialized`
   */
  initialize(cache?: TieredCacheManager | CacheOptions<never>): TieredCacheManager;
  /** The default cache. @throws CacheError `not_initialized` */
  get(): TieredCacheManager;
  /** Closes the default cache and forgets it. Without one, does nothing. */
  shutdown(): Promise<void>;
  /** Forgets the default cache without closing it: for tests, and for caches that somebody else closes. */
  reset(): void;
}

let current: TieredCacheManager | undefined;

/** The registry of this process. */
export const cacheRegistry: CacheRegistry = Object.freeze({
  initialize(cache: TieredCacheManager | CacheOptions<never> = {}): TieredCacheManager {
    if (current !== undefined) {
      const hint = "call cacheRegistry.shutdown() or reset() first";
      throw new CacheError(
        "already_initialized",
        `the default cache must be set once, but ${current.name} is set: ${hint}`,
      );
    }
    current = cache instanceof TieredCacheManager ? cache : new TieredCacheManager(cache);
    return current;
  },
  get(): TieredCacheManager {
    if (current !== undefined) return current;
    const hint = "call cacheRegistry.initialize(options) first, or give the decorator a cache";
    throw new CacheError("not_initialized", `a default cache must be set before it is used: ${hint}`);
  },
  async shutdown(): Promise<void> {
    const closing = current;
    current = undefined;
    await closing?.close();
  },
  reset(): void {
    current = undefined;
  },
});
