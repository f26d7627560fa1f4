// A cache on a store that a test makes fail, and what tests ask of the two.

import type { CacheEvent, TieredCacheManager } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { keyvStats, openOn, type OpenOptions } from "./caches.ts";
import { FaultyStore } from "./faulty-store.ts";

/** What invalidations and writes resolve to when the store has not got them. */
export const PENDING = { authority: "pending" };

/** Soon, and still not too soon for a busy machine. */
export const TIMEOUT_MS = 300;

/** Opens one: it gives up soon, and goes on asking. */
export function openFaulty(options: OpenOptions = {}): {
  readonly store: FaultyStore;
  readonly cache: TieredCacheManager;
} {
  const store = new FaultyStore();
  return {
    store,
    cache: openOn(store, { ...options, keyv: { timeout: TIMEOUT_MS, breaker: false, ...options.keyv } }),
  };
}

/** Errors of the tier, from now on. */
export function tierErrors(cache: TieredCacheManager): CacheEvent[] {
  const events: CacheEvent[] = [];
  cache.on("tierError", (event) => events.push(event));
  return events;
}

/** Waits until the store has got everything. */
export async function untilDone(cache: TieredCacheManager): Promise<void> {
  await waitUntil(() => keyvStats(cache).pending === 0, { what: "nothing is pending" });
}

/** Where the store has the entry of a key. */
export const at = (key: string): string => `shop:v:{:${key}}`;
