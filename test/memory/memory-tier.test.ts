// The memory tier: bounded by entries and by bytes, least recently used out first.

import { describe, expect, test } from "vitest";
import { memoryTier, type MemoryTierOptions } from "../../src/index.ts";
import { collect, createCache } from "../support/cache.ts";
import { recordEvents } from "../support/event-log.ts";

const createTier = (options: MemoryTierOptions) => createCache({ tiers: [memoryTier(options)] });

describe("maxEntries", () => {
  test("drops the least recently used entry; reading and setting are uses, looking is not", async () => {
    const { cache } = createTier({ maxEntries: 3 });
    const events = recordEvents(cache);
    await cache.setMany({ a: 1, b: 2, c: 3 });
    await cache.get("a");
    cache.getSync("b");
    await cache.has("c");
    await cache.getEntry("c");
    await cache.ttl("c");
    await cache.set("d", 4);
    expect((await collect(cache.keys())).toSorted()).toEqual(["a", "b", "d"]);
    await cache.set("a", 5);
    await cache.getMany(["b"]);
    await cache.set("e", 6);
    expect((await collect(cache.keys())).toSorted()).toEqual(["a", "b", "e"]);
    expect(events.flatMap((event) => (event.type === "evict" ? [event.key] : []))).toEqual(["c", "d"]);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 3, capacity: 3, evictions: 2 });
  });

  test("of 1 holds the last entry", async () => {
    const { cache } = createTier({ maxEntries: 1 });
    await cache.setMany({ a: 1, b: 2 });
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2]);
  });

  test("counts entries of all namespaces together", async () => {
    const { cache } = createTier({ maxEntries: 2 });
    await cache.set("k", 1, { namespace: "a" });
    await cache.set("k", 2, { namespace: "b" });
    await cache.set("k", 3);
    expect(await cache.has("k", { namespace: "a" })).toBe(false);
    expect(await cache.has("k", { namespace: "b" })).toBe(true);
  });

  test("does not take replacing, deleting, clearing and expiring for evictions", async () => {
    const { cache, clock } = createTier({ maxEntries: 2 });
    const events = recordEvents(cache);
    await cache.set("k", 1);
    await cache.set("k", 2);
    await cache.delete("k");
    await cache.set("k", 3);
    await cache.clear();
    await cache.set("k", 4);
    await clock.advance(5_000);
    await cache.get("k");
    await cache.cleanupExpired();
    expect(events.filter(({ type }) => type === "evict")).toEqual([]);
    expect(cache.stats().tiers["memory"]).toMatchObject({ evictions: 0 });
  });
});

describe("maxBytes", () => {
  test("drops entries until the new one fits", async () => {
    const { cache } = createTier({ maxBytes: 100, sizeOf: (value) => value as number });
    await cache.setMany({ a: 40, b: 40 });
    await cache.set("c", 50);
    expect((await collect(cache.keys())).toSorted()).toEqual(["b", "c"]);
    expect(cache.stats().tiers["memory"]).toMatchObject({ bytes: 90, evictions: 1 });
    await cache.delete("b");
    expect(cache.stats().tiers["memory"]).toMatchObject({ bytes: 50 });
    await cache.clear();
    expect(cache.stats().tiers["memory"]).toMatchObject({ bytes: 0 });
  });

  test("does not store what is larger than all of it, nor keep the old value of that key", async () => {
    const { cache } = createTier({ maxBytes: 100, sizeOf: (value) => value as number });
    await cache.setMany({ a: 40, b: 40 });
    await cache.set("a", 101);
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 40]);
    const events = recordEvents(cache);
    expect(await cache.get("c", () => 101)).toBe(101);
    expect(await cache.has("c")).toBe(false);
    expect(events.findLast(({ type }) => type === "refreshEnd")).not.toMatchObject({ notStored: undefined });
  });

  test("asks sizeOf for value and key, rounds up, and counts at least 1", async () => {
    const asked: unknown[] = [];
    const { cache } = createTier({
      maxBytes: 1_000,
      sizeOf: (value, key) => (asked.push([value, key]), value as number),
    });
    await cache.set("a", 0);
    await cache.set("b", 1.5);
    expect(cache.stats().tiers["memory"]).toMatchObject({ bytes: 3 });
    expect(asked[0]).toEqual([0, "a"]);
  });

  test("asks sizeOf for the key as the user wrote it", async () => {
    const keys: string[] = [];
    const { cache } = createTier({ maxBytes: 1_000, sizeOf: (_value, key) => keys.push(key) });
    await cache.set("k", 1, { namespace: "n" });
    expect(keys).toEqual(["k"]);
  });

  test.each([
    ["answers NaN", () => NaN],
    ["answers with text", () => "big" as never],
    [
      "throws",
      () => {
        throw new Error("size");
      },
    ],
  ])("with a sizeOf that %s: no read fails for it, and nothing is left half done", async (_what, sizeOf) => {
    const { cache } = createTier({ maxBytes: 1_000, sizeOf });
    expect(await cache.get("k", () => "v")).toBe("v");
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });

  test("works together with maxEntries", async () => {
    const { cache } = createTier({ maxBytes: 100, maxEntries: 2, sizeOf: () => 10 });
    await cache.setMany({ a: 1, b: 2, c: 3 });
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 2, bytes: 20, evictions: 1 });
  });
});
