// stats(): every read counted once, and what became of it.

import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type MemoryTierStats } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { systemClock } from "../../src/model/clock.ts";
import { Histogram } from "../../src/observe/histogram.ts";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { waitUntil } from "../support/wait-until.ts";

const NO_HITS = { fresh: 0, stale: 0, rescue: 0 };
/** A tier that has not been asked for anything, but for what is of its kind. */
const UNASKED = { hits: NO_HITS, misses: 0, sets: 0, deletes: 0, errors: 0, timeouts: 0, refused: 0 };
const EMPTY_MEMORY = {
  ...UNASKED,
  evictions: 0,
  entries: 0,
  capacity: 1_000,
  bytes: undefined,
  maxBytes: undefined,
  utilization: 0,
  latency: new Histogram().snapshot(),
  breakers: {},
  oldestAt: undefined,
  newestAt: undefined,
};

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
        queued: 0,
        denied: 0,
        spared: 0,
        saved: 0,
        time: new Histogram().snapshot(),
      },
      leases: undefined,
      bus: undefined,
      namespaces: {},
      tiers: { memory: EMPTY_MEMORY },
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
    expect(cache.stats().tiers.memory).toMatchObject({ entries: 0, capacity: 5, bytes: 0, maxBytes: 10_000 });
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
    const madeAt = clock.now();
    const memory = { ...EMPTY_MEMORY, entries: 1, capacity: 2, utilization: 0.5, oldestAt: madeAt, newestAt: madeAt };
    const namespaces = { "": { hits: 0, misses: 0, entries: 1 } };
    expect(cache.stats()).toEqual({ ...zeros, namespaces, tiers: { memory } });
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
    const none = { ...UNASKED, latency: { count: 0 } };
    const all = await counted(true);
    expect(all).not.toMatchObject([none, {}]);
    expect(all).not.toMatchObject([{}, none]);
    expect(await counted(false)).toMatchObject([none, none]);
  });

  test("tell what memory has served, taken in and given up", async () => {
    const { cache, clock } = createCache({ tiers: [memoryTier({ maxEntries: 2 })] });
    await cache.get("a", () => 1); // set
    await cache.get("a"); // fresh
    await clock.advance(1_000);
    await cache.get("a"); // stale
    await cache.set("b", 1); // set
    await cache.set("c", 1); // set; "a" is evicted
    await cache.delete("b");
    await cache.delete("b"); // there is none
    await cache.get("b"); // miss
    expect(cache.stats().tiers.memory).toMatchObject({
      hits: { fresh: 1, stale: 1, rescue: 0 },
      misses: 2,
      sets: 3,
      deletes: 1,
      evictions: 1,
      entries: 1,
      utilization: 0.5,
      oldestAt: clock.now(),
      newestAt: clock.now(),
    });
    await cache.clear();
    expect(cache.stats().tiers.memory).toMatchObject({ deletes: 2, entries: 0, oldestAt: undefined });
  });

  test("tell of each namespace, those without one included", async () => {
    const { cache, clock } = createCache();
    await cache.get("k", () => 1);
    await cache.get("k", () => 1, { namespace: "n" }); // of a namespace that is not known yet no miss is kept
    for (let n = 0; n < 3; n++) await cache.get("k", { namespace: "n" });
    await clock.advance(1_000);
    await cache.get("k", { namespace: "n" });
    await cache.get("other", { namespace: "n" });
    await cache.get("other", { namespace: "unheard of" });
    await cache.set("k", 1, { namespace: "__proto__" });
    const { namespaces } = cache.stats();
    expect(Object.entries(namespaces)).toEqual([
      ["", { hits: 0, misses: 0, entries: 1 }],
      ["n", { hits: 4, misses: 1, entries: 1 }],
      ["__proto__", { hits: 0, misses: 0, entries: 1 }],
    ]);
  });

  test("tell nothing that only a walk through a large memory would tell", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 20_000 })] });
    await cache.setMany(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index] as const));
    expect(cache.stats()).toMatchObject({ namespaces: { "": { entries: 10_000 } } });
    await cache.get("k0");
    await cache.set("one more", 1);
    const { namespaces, tiers } = cache.stats();
    expect(namespaces).toEqual({ "": { hits: 1, misses: 0, entries: undefined } });
    expect(tiers.memory).toMatchObject({ entries: 10_001, utilization: 0.50005, oldestAt: undefined });
  });

  test("tell what single-flight has saved, and how long refreshes took", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    const all = Promise.all([1, 2, 3].map(() => cache.get("k", refresh)));
    await clock.advance(30);
    call(0).resolve("v");
    await all;
    cache.getSync("sync", () => 1);
    await cache.getMany(["a", "b"], (keys) => keys);
    const { joined, saved, time } = cache.stats().refreshes;
    expect([joined, saved, time.count, time.sumMs]).toEqual([2, 2, 3, 30]);
    expect(time.p99Ms).toBeGreaterThan(25);
    expect(time.p99Ms).toBeLessThanOrEqual(30);
  });

  test("tell how many background refreshes wait for their turn", async () => {
    const { cache, clock } = createCache({ refreshConcurrency: 1 });
    await cache.setMany({ a: 1, b: 1, c: 1 });
    await clock.advance(1_000);
    const { refresh, call } = controlled();
    for (const key of ["a", "b", "c"]) await cache.get(key, refresh);
    await drainMicrotasks();
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 3, queued: 2 });
    for (let n = 0; n < 3; n++) {
      call(n).resolve("new");
      await drainMicrotasks();
    }
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 0, queued: 0 });
  });

  test("measure one hit in 4,096, and none without statistics", async () => {
    const count = async (enableStats: boolean): Promise<number> => {
      const { cache } = createCache({ enableStats, clock: systemClock });
      await cache.set("k", 1);
      for (let n = 0; n < 3 * 4_096; n++) cache.getSync("k");
      const { latency } = cache.stats().tiers.memory!;
      if (enableStats) expect(latency.p50Ms).toBeLessThan(1);
      await cache.close();
      return latency.count;
    };
    expect([await count(true), await count(false)]).toEqual([3, 0]);
  });

  test("of tiers outside the process tell commands, their time, and how full the place is", async () => {
    const sqlite = sqliteTier({ path: ":memory:", maxEntries: 10, timeout: "5s" });
    const cache = new TieredCacheManager({ tiers: [memoryTier(), sqlite] });
    await cache.get("a", () => 1);
    await cache.set("b", 1);
    await cache.delete("b");
    await cache.get("a", { tiers: { memory: false } });
    const { tiers, leases, bus } = cache.stats();
    expect(Object.keys(tiers)).toEqual(["memory", "sqlite"]);
    const { latency, ...asked } = tiers["sqlite"]!;
    expect(asked).toMatchObject({
      hits: { fresh: 1, stale: 0, rescue: 0 },
      misses: 1,
      sets: 2,
      deletes: 1,
      errors: 0,
      timeouts: 0,
      entries: 1,
      capacity: 10,
      utilization: 0.1,
      breakers: { sqlite: "closed" },
      pending: 0,
    });
    expect(tiers.memory).toMatchObject({ hits: NO_HITS, misses: 2 });
    expect(latency.count).toBeGreaterThan(4);
    expect(latency.p50Ms).toBeLessThanOrEqual(latency.p99Ms!);
    expect(leases).toEqual({ granted: 1, denied: 0, lost: 0, unavailable: 0 });
    expect(bus?.messages).toBeGreaterThan(0);
    await cache.close();
  });

  test("count every set of a turn, though they go to the tier as one", async () => {
    await using cache = new TieredCacheManager({ tiers: [sqliteTier({ path: ":memory:", timeout: "5s" })] });
    await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
    await cache.set("first", 1);
    const before = cache.stats().tiers["sqlite"]!;
    await Promise.all(["a", "b", "c"].map((key) => cache.set(key, 1)));
    await cache.setMany({ d: 1, e: 1 });
    const { sets, latency } = cache.stats().tiers["sqlite"]!;
    expect([sets - before.sets, latency.count - before.latency.count]).toEqual([5, 2]);
  });
});

describe("resetStats", () => {
  test("begins anew, and leaves what is there", async () => {
    const tiers = [memoryTier(), sqliteTier({ path: ":memory:", timeout: "5s" })];
    const { cache } = createCache({ tiers, clock: systemClock });
    await cache.get("k", () => 1);
    for (let n = 0; n < 4_096; n++) await cache.get("k");
    await cache.delete("none");
    const before = cache.stats();
    expect(before.requests).toBeGreaterThan(4_000);
    cache.resetStats();
    const after = cache.stats();
    expect(after.since).toBeGreaterThan(before.since);
    expect(after).toMatchObject({ requests: 0, hits: NO_HITS, misses: 0, sets: 0, invalidations: 0, hitRate: 0 });
    expect(after.refreshes).toMatchObject({ foreground: 0, time: { count: 0 } });
    expect(after.leases).toEqual({ granted: 0, denied: 0, lost: 0, unavailable: 0 });
    expect(after.namespaces).toEqual({ "": { hits: 0, misses: 0, entries: 1 } });
    expect(after.tiers.memory).toMatchObject({ ...UNASKED, latency: { count: 0 }, entries: 1 });
    expect(after.tiers["sqlite"]).toMatchObject({ ...UNASKED, latency: { count: 0 }, entries: 1 });
    await cache.get("k");
    expect(cache.stats().hits.fresh).toBe(1);
    await cache.close();
  });
});
