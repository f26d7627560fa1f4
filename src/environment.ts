// A cache as the environment says. What reads the environment is loaded when it is called for: most programs have no use for it.

import type { EnvironmentOptions } from "./environment/options.ts";
import { TieredCacheManager } from "./manager.ts";

/**
 * A cache with the tiers and options that variables of the environment name: `CACHE_TTL=5m`,
 * `CACHE_REDIS_URL=redis://localhost:6379`; all are in tables of docs/environment.md. Variables that are empty count as not set,
 * and those that are not in the table are left alone. `CACHE_ENABLED=false` makes every verb pass through; then, and
 * without a second tier, neither Redis nor SQLite is loaded.
 * @throws CacheError `invalid_option`, or `invalid_key` for a name that cannot be part of a key: it names the variable, its
 *   rule and its value, but of keys, passwords and URLs only the length. `unavailable` for SQLite where there is none
 * @example
 * const cache = await cacheFromEnv({ prefix: "SHOP_CACHE_", defaults: { jitter: 0.1 } });
 */
export async function cacheFromEnv(options: EnvironmentOptions = {}): Promise<TieredCacheManager> {
  const { readOptions } = await import("./environment/cache-options.ts");
  return new TieredCacheManager(await readOptions(options));
}
