// Every verb of a cache over every kind of Keyv store, with memory in front and without: what one cache does, another sees.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { collect } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DONE, keyvStats, MATRIX, never, openOn, type OpenOptions } from "./caches.ts";
import { undoAfterEach } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

const sorted = async (keys: AsyncIterable<string>): Promise<string[]> => (await collect(keys)).toSorted();

describe.each(MATRIX)("%s", (_name, make, memory) => {
  function pair(options: OpenOptions = {}): { readonly a: TieredCacheManager; readonly b: TieredCacheManager } {
    const store = make();
    return { a: openOn(store(), { memory, ...options }), b: openOn(store(), { memory, ...options }) };
  }

  test("get, getOrSet, has, ttl, getEntry and getMany find what another cache has stored", async () => {
    const { a, b } = pair();
    expect(await a.set("k", { price: 5 }, { tags: ["t"] })).toEqual(DONE);
    expect(await a.setMany({ x: 1, y: null })).toEqual(DONE);
    expect(await a.get("loaded", () => new Map([[1, new Date(0)]]))).toEqual(new Map([[1, new Date(0)]]));
    expect([await b.get("k"), await b.get("loaded", never), await b.getOrSet("x", never)]).toEqual([
      { price: 5 },
      new Map([[1, new Date(0)]]),
      1,
    ]);
    expect(await b.getMany(["y", "none", "x", "y"])).toEqual([null, undefined, 1, null]);
    expect(await b.getMany(["x", "new"], (keys) => keys.map((key) => `${key} loaded`))).toEqual([1, "new loaded"]);
    expect(await a.getMany(["x", "new"], never)).toEqual([1, "new loaded"]);
    expect([await b.has("k"), await b.has("none"), (await b.getEntry("k"))?.tags]).toEqual([true, false, ["t"]]);
    const ttl = (await b.ttl("k")) ?? 0;
    expect(ttl).toBeGreaterThan(50_000);
    expect(ttl).toBeLessThanOrEqual(60_000);
    expect((await b.getEntry("k", { tiers: { memory: false } }))?.tier).toBe("keyv");
  });

  test("delete, invalidate and deleteMany end entries, and say whether there were any", async () => {
    const { a, b } = pair();
    await a.setMany({ x: 1, y: 2, z: 3 });
    await b.getMany(["x", "y", "z"]);
    expect([await b.delete("x"), await b.delete("x")]).toEqual([
      { ...DONE, existed: true },
      { ...DONE, existed: false },
    ]);
    expect(await b.invalidate("y")).toEqual({ ...DONE, existed: true });
    expect(await b.deleteMany(["z", "none"])).toEqual({ ...DONE, deleted: 1 });
    for (const cache of [a, b]) expect(await cache.getMany(["x", "y", "z"])).toEqual([undefined, undefined, undefined]);
  });

  test("tags, namespaces and everything are ended, or marked stale, and nothing else", async () => {
    const { a, b } = pair();
    const fill = async (): Promise<void> => {
      await a.set("tagged", 1, { tags: ["t"] });
      await a.set("spaced", 2, { namespace: "n" });
      await a.set("plain", 3);
      await Promise.all([b.get("tagged"), b.get("spaced", { namespace: "n" }), b.get("plain")]);
    };
    const states = (cache: TieredCacheManager): Promise<unknown[]> =>
      Promise.all(
        [cache.getEntry("tagged"), cache.getEntry("spaced", { namespace: "n" }), cache.getEntry("plain")].map(
          async (entry) => (await entry)?.state,
        ),
      );
    const check = async (work: (cache: TieredCacheManager) => Promise<unknown>, expected: unknown): Promise<void> => {
      await fill();
      expect(await work(b)).toEqual(DONE);
      expect([await states(b), await states(a)]).toEqual([expected, expected]);
    };
    await check((cache) => cache.markStale("plain"), ["fresh", "fresh", "stale"]);
    await check((cache) => cache.markTagsStale(["t"]), ["stale", "fresh", "fresh"]);
    await check((cache) => cache.markNamespaceStale("n"), ["fresh", "stale", "fresh"]);
    await check((cache) => cache.invalidateTags(["t", "other"]), [undefined, "fresh", "fresh"]);
    await check((cache) => cache.clearNamespace("n"), ["fresh", undefined, "fresh"]);
    await check((cache) => cache.clear(), [undefined, undefined, undefined]);
  });

  test("keys lists, and deleteMatching ends, what any cache has stored", async () => {
    const { a, b } = pair();
    await a.setMany({ "u:1": 1, "u:2": 2, "v:*": 3 });
    await a.set("u:1", 4, { namespace: "n" });
    await b.set("u:3", 5);
    await a.set("gone", 6, { tags: ["t"] });
    await a.invalidateTags(["t"]);
    expect(await sorted(b.keys())).toEqual(["u:1", "u:2", "u:3", "v:*"]);
    expect(await sorted(a.keys({ prefix: "u:" }))).toEqual(["u:1", "u:2", "u:3"]);
    expect(await sorted(b.keys({ namespace: "n" }))).toEqual(["u:1"]);
    expect(await b.deleteMatching("u:[12]")).toEqual({ ...DONE, deleted: 2 });
    expect(await b.deleteMatching(String.raw`v:\*`)).toEqual({ ...DONE, deleted: 1 });
    for (const cache of [a, b]) expect(await sorted(cache.keys())).toEqual(["u:3"]);
    expect(await a.get("u:1", { namespace: "n" })).toBe(4);
  });

  test("what is stale is served, and refreshed behind", async () => {
    const { a, b } = pair();
    await a.set("k", "old");
    await a.markStale("k");
    let calls = 0;
    expect(await b.get("k", () => `new ${++calls}`)).toBe("old");
    await waitUntil(async () => (await a.get("k")) === "new 1", { what: "the new value is stored" });
    expect([await b.get("k", never), calls]).toEqual(["new 1", 1]);
  });

  test("setSync and deleteSync are pending, and then done", async () => {
    const { a, b } = pair();
    expect(a.setSync("k", "v")).toEqual({ authority: "pending" });
    await waitUntil(async () => (await b.get("k")) === "v", { what: "the value is stored" });
    expect(a.deleteSync("k")).toMatchObject({ authority: "pending" });
    await waitUntil(async () => (await b.get("k")) === undefined, { what: "it is gone" });
    expect(keyvStats(a).pending).toBe(0);
  });

  test("an entry is gone when its life is over, and one for ever stays", async () => {
    const { a, b } = pair({ ttl: 30, staleWhileRevalidate: 0 });
    await a.set("short", 1);
    await a.set("long", 2, { ttl: "forever" });
    for (const cache of [a, b]) {
      await waitUntil(async () => (await cache.get("short")) === undefined, { what: "it is gone" });
      expect([await sorted(cache.keys()), await cache.ttl("long")]).toEqual([["long"], Infinity]);
    }
  });

  test("P1 many callers of a cache share one refresh", async () => {
    const { a, b } = pair();
    const { refresh, calls, call } = controlled();
    const reads = Array.from({ length: 20 }, () => a.get("k", refresh));
    await waitUntil(() => calls.length === 1, { what: "the refresh runs" });
    call(0).resolve("loaded");
    expect(new Set(await Promise.all(reads))).toEqual(new Set(["loaded"]));
    expect([await b.get("k", never), calls.length]).toEqual(["loaded", 1]);
  });

  test("P3 no refresh stores what an invalidation has overtaken", async () => {
    const { a } = pair();
    const ends: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
      ["delete", (key) => a.delete(key)],
      ["markStale", (key) => a.markStale(key)],
      ["tags", () => a.invalidateTags(["t"])],
      ["namespace", () => a.clearNamespace()],
      ["all", () => a.clear()],
      ["matching", (key) => a.deleteMatching(key)],
    ];
    for (const [key, end] of ends) {
      const { refresh, calls, call } = controlled();
      const read = a.get(key, refresh, { tags: ["t"] });
      await waitUntil(() => calls.length === 1, { what: "the refresh runs" });
      await end(key);
      call(0).resolve("from before");
      expect([await read, await a.get(key)]).toEqual(["from before", undefined]);
    }
  });

  test("caches of other names, versions and prefixes share nothing", async () => {
    const store = make()();
    const caches = [
      openOn(store, { memory }),
      openOn(store, { memory, name: "shop:v" }),
      openOn(store, { memory, version: "r" }),
      openOn(store, { memory, keyv: { keyPrefix: "x:" } }),
    ];
    for (const [index, cache] of caches.entries()) await cache.set("k", index, { tags: ["t"] });
    expect(await Promise.all(caches.map((cache) => cache.get("k")))).toEqual([0, 1, 2, 3]);
    await caches[0]?.clear();
    await caches[1]?.invalidateTags(["t"]);
    expect(await Promise.all(caches.map((cache) => cache.get("k")))).toEqual([undefined, undefined, 2, 3]);
    expect(await Promise.all(caches.map((cache) => sorted(cache.keys())))).toEqual([[], [], ["k"], ["k"]]);
  });

  test("health is healthy, and says what is not kept between processes", async () => {
    const { a } = pair();
    const { status, tiers, reasons } = await a.health();
    expect([status, tiers["keyv"]?.status]).toEqual(["healthy", "healthy"]);
    expect(reasons).toEqual([
      "keyv has no bus: every read asks it",
      "keyv decides within this process: other processes share its entries, but neither leases, fences nor the order of writes",
    ]);
  });
});
