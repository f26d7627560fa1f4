// stats(): every read counted once, and what became of it.

import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type MemoryTierStats } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { waitUntil } from "../support/wait-until.ts";

describe("stats", () => {
  test("of a new cache are all zero", () => {
    const { cache, clock } = createCache({ name: "shop" });
    expect(cache.stats()).toEqual({
      name: "shop",
      since: clock.now(),
      requests: 0,
      hits: { fresh: 0, stale: 0, rescue: 0 },
      misses: 0,
      rescued: 0,
      hitRate: 0,
      sets: 0,
      invalidations: 0,
      refreshes: {
        foreground: 0,
        background: 0,
        failed: 0,
        joined: 0,
        backedOff: 0,
        refused: 0,
        fenced: 0,
        inFlight: 0,
        denied: 0,
        spared: 0,
      },
      tiers: { memory: { entries: 0, capacity: 1_000, bytes: undefined, evictions: 0 } },
    });
  });

  test("count a mixed life exactly", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h" });
    const fail = (): Promise<never> => Promise.reject(new Error("down"));
    await cache.get("k"); // miss
    await cache.get("k", () => 1); // miss, foreground
    await cache.get("k"); // fresh
    cache.getSync("k"); // fresh
    await clock.advance(1_000);
    await cache.get("k"); // stale
    await cache.get("k", fail); // stale, background, failed
    await drainMicrotasks();
    await cache.get("k", fail); // stale, backed off
    await clock.advance(1_000);
    await cache.get("k", fail); // miss, foreground, failed, rescued
    await cache.get("k", fail); // rescue, backed off
    await cache.getMany(["k", "l", "l"], (keys) => keys); // rescue, backed off; miss, foreground
    await cache.delete("k");
    await cache.get("k", async () => (await cache.clear(), 2)); // miss, foreground, fenced
    await cache.set("k", 3);
    expect(cache.stats()).toMatchObject({
      requests: 12,
      hits: { fresh: 2, stale: 3, rescue: 2 },
      misses: 5,
      rescued: 1,
      hitRate: 7 / 12,
      sets: 1,
      invalidations: 2,
      refreshes: {
        foreground: 4,
        background: 1,
        failed: 2,
        joined: 0,
        backedOff: 3,
        refused: 0,
        fenced: 1,
        inFlight: 0,
        denied: 0,
        spared: 0,
      },
    });
  });

  test("show refreshes in flight, fenced ones included, until they end", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    await cache.delete("k");
    const next = cache.get("k", refresh);
    expect(cache.stats().refreshes.inFlight).toBe(2);
    call(0).resolve("a");
    await got;
    expect(cache.stats().refreshes.inFlight).toBe(1);
    call(1).resolve("b");
    await next;
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });

  test("show bytes where they are bounded", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxBytes: 10_000, maxEntries: 5 })] });
    await cache.set("k", "x".repeat(1_000));
    const { bytes } = cache.stats().tiers["memory"] as MemoryTierStats;
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThan(2_000);
    await cache.delete("k");
    expect(cache.stats().tiers["memory"]).toEqual({ entries: 0, capacity: 5, bytes: 0, evictions: 0 });
  });

  test("are a snapshot: later work does not change it", async () => {
    const { cache } = createCache();
    const before = cache.stats();
    await cache.get("k", () => 1);
    expect(before.misses).toBe(0);
  });

  test("with enableStats: false count nothing, and tell what is there", async () => {
    const { cache, clock } = createCache({ enableStats: false, tiers: [memoryTier({ maxEntries: 2 })] });
    for (const key of ["a", "b", "c"]) await cache.get(key, () => 1);
    cache.getSync("c");
    await cache.delete("c");
    const zeros = new TieredCacheManager({ clock, tiers: [memoryTier({ maxEntries: 2 })] }).stats();
    const memory = { entries: 1, capacity: 2, bytes: undefined, evictions: 0 };
    expect(cache.stats()).toEqual({ ...zeros, tiers: { memory } });
    const { refresh, call } = controlled();
    const got = cache.get("d", refresh);
    expect(cache.stats()).toMatchObject({ requests: 0, refreshes: { foreground: 0, inFlight: 1 } });
    call(0).resolve("v");
    await got;
  });

  test("with enableStats: false count nothing of tiers outside the process either", async () => {
    const counted = async (enableStats: boolean): Promise<[unknown, unknown]> => {
      const tiers = [keyvTier({ store: new Map() }), sqliteTier({ path: ":memory:", timeout: "5s" })];
      const cache = new TieredCacheManager({ enableStats, tiers });
      const served = new Set<string>();
      cache.on("hit", ({ tier }) => void served.add(tier));
      await cache.set("k", 1);
      const both = async (): Promise<boolean> => {
        await cache.get("k");
        await cache.get("k", { tiers: { keyv: false } });
        return served.size === 2;
      };
      // The copy is made behind.
      await waitUntil(both, { what: "both have served it" });
      const { keyv, sqlite } = cache.stats().tiers;
      await cache.close();
      return [keyv, sqlite];
    };
    const none = { hits: 0, misses: 0, errors: 0, refused: 0 };
    const all = await counted(true);
    expect(all).not.toMatchObject([none, {}]);
    expect(all).not.toMatchObject([{}, none]);
    expect(await counted(false)).toMatchObject([none, none]);
  });
});
