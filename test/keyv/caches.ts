// Caches on Keyv stores, as the tests of this folder open them.

import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import {
  memoryTier,
  TieredCacheManager,
  type Authority,
  type CacheOptions,
  type RemoteTier,
  type SharedTierStats,
} from "../../src/index.ts";
import { keyvTier, type KeyvTierOptions } from "../../src/keyv/index.ts";
import { systemClock } from "../../src/model/clock.ts";
import { atEnd, STORES, type Store } from "./stores.ts";

/** A cache of a test: fresh for a minute, then stale for another, unless it says otherwise. */
export interface OpenOptions extends Omit<CacheOptions<never>, "tiers"> {
  /** Whether there is a memory tier in front. Default `true`. */
  readonly memory?: boolean;
  readonly keyv?: Partial<KeyvTierOptions>;
}

/** A command may take long: the machine is shared. Tests about timeouts have their own. */
const TIMEOUT_MS = 5_000;

/** Opens a cache on a store; it is closed at the end of the test. */
export function openOn(store: Store, { memory = true, keyv, ...rest }: OpenOptions = {}): TieredCacheManager {
  const tier = keyvTier({ store, timeout: TIMEOUT_MS, ...keyv });
  const tiers = memory ? [memoryTier(), tier] : [tier];
  const cache = new TieredCacheManager({ name: "shop", ttl: 60_000, staleWhileRevalidate: 60_000, ...rest, tiers });
  atEnd(() => cache.close());
  return cache;
}

/** The tier of one cache, as the cache opens it; it is closed at the end of the test. */
export function openTier(options: KeyvTierOptions): RemoteTier & { readonly authority: Authority } {
  const plan = keyvTier({ timeout: TIMEOUT_MS, ...options }).prepare("tiers[0]");
  const remote = plan.open({ root: "shop", layout: FRAME_LAYOUT, clock: systemClock, onReconnect: () => undefined });
  const { authority } = remote;
  if (authority === undefined) throw new Error("a Keyv tier has one");
  atEnd(() => remote.close());
  return { ...remote, authority };
}

/** Every store with and without memory in front, for `describe.each`. */
export const MATRIX: readonly (readonly [name: string, make: () => () => Store, memory: boolean])[] = STORES.flatMap(
  ([name, make]) => [[`[memory, keyv] on ${name}`, make, true] as const, [`[keyv] on ${name}`, make, false] as const],
);

/** What the shared tier of a cache says of itself. */
export function keyvStats(cache: TieredCacheManager): SharedTierStats {
  const stats = cache.stats().tiers["keyv"];
  if (stats === undefined || !("pending" in stats)) throw new Error("the cache has no tier called keyv");
  return stats;
}

/** A refresh that must not be called: somebody has the value already. */
export const never = (): never => {
  throw new Error("this refresh was not needed");
};

/** What invalidations and writes resolve to when the store has them. */
export const DONE = { authority: "done" };
