// Several caches on one connection: each with bounds and times of its own, all on the same shared tier.

import { CacheError } from "./errors.ts";
import { checkObject } from "./model/check.ts";
import type { CacheOptions, CloseOptions, TierConfig } from "./options.ts";
import { TieredCacheManager } from "./manager.ts";

/** Caches that share a tier. Made by {@link createCaches}. */
export interface Caches {
  /**
   * A cache of its own name. Its options stand over the common ones; a tier among them takes the place of the common
   * tier of its kind.
   * @throws CacheError `invalid_option` also for a name that is taken
   */
  create<T = unknown>(name: string, options?: Omit<CacheOptions<T>, "name">): TieredCacheManager;
  /** Closes all of them, and with the last one the connection. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Several caches on one shared tier: one connection, one subscription and one breaker between them, however many.
 * @param common what the caches have in common; a shared tier among `tiers` is opened once
 * @throws CacheError `invalid_option`
 * @example
 * const caches = createCaches({ tiers: [memoryTier(), redisTier({ url })], ttl: "5m" });
 * const images = caches.create("images", { ttl: "1d", tiers: [memoryTier({ maxEntries: 50 })] });
 */
export function createCaches(common: Omit<CacheOptions, "name"> = {}): Caches {
  checkObject<{ name?: never }>(
    common,
    Object.keys(common).filter((name) => name !== "name") as never,
    "common options",
  );
  const byName = new Map<string, TieredCacheManager>();
  const tiers = common.tiers?.map((tier, index) => preparedOnce(tier, `tiers[${index}]`));
  return Object.freeze({
    create<T>(name: string, options: Omit<CacheOptions<T>, "name"> = {}): TieredCacheManager {
      if (byName.has(name)) {
        throw new CacheError("invalid_option", `name must be one that no other of these caches has, got ${name}`);
      }
      const own = mergeTiers(tiers, options.tiers);
      const cache = new TieredCacheManager({ ...(common as CacheOptions<T>), ...options, name, tiers: own });
      byName.set(name, cache);
      return cache;
    },
    async close(options?: CloseOptions): Promise<void> {
      await Promise.all([...byName.values()].map((cache) => cache.close(options)));
    },
  });
}

/** A shared tier whose plan is always the same one: caches opened from it share its connections. */
function preparedOnce(tier: TierConfig, field: string): TierConfig {
  if (typeof tier !== "object" || tier === null || !("prepare" in tier)) return tier;
  const plan = tier.prepare(field);
  return { kind: tier.kind, prepare: () => plan };
}

function mergeTiers(
  common: readonly TierConfig[] | undefined,
  own: readonly TierConfig[] | undefined,
): readonly TierConfig[] | undefined {
  if (common === undefined || !Array.isArray(own)) return own ?? common;
  const kinds = new Set(own.map((tier: TierConfig | undefined) => tier?.kind));
  return [...own, ...common.filter(({ kind }) => !kinds.has(kind))];
}
