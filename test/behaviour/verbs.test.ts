// The verbs that set, look at and end entries.

import { describe, expect, test } from "vitest";
import { collect, createCache } from "../support/cache.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

const NONE = { authority: "none" };

describe("set", () => {
  test("stores under its options, over those of the cache", async () => {
    const { cache, clock } = createCache();
    const options = { ttl: "2s", staleWhileRevalidate: 0, staleIfError: "1m", tags: ["t", "u", "t"] } as const;
    expect(await cache.set("k", "v", options)).toEqual(NONE);
    expect(await cache.getEntry("k")).toEqual({
      key: "k",
      namespace: undefined,
      fullKey: "default:v:{:k}",
      value: "v",
      state: "fresh",
      tier: "memory",
      tags: ["t", "u"],
      createdAt: clock.now(),
      freshUntil: clock.now() + 2_000,
      staleUntil: clock.now() + 2_000,
      errorUntil: clock.now() + 62_000,
    });
  });

  test("replaces value, lifetimes and tags", async () => {
    const { cache } = createCache();
    await cache.set("k", "v0", { tags: ["t"], ttl: "1h" });
    await cache.set("k", "v1");
    await cache.invalidateTags(["t"]);
    expect(await cache.get("k")).toBe("v1");
    expect(await cache.ttl("k")).toBe(1_000);
  });

  test("without any lifetime removes what was there", async () => {
    const { cache } = createCache();
    await cache.set("k", "v0");
    await cache.set("k", "v1", { ttl: 0, staleWhileRevalidate: 0 });
    expect(await cache.get("k")).toBeUndefined();
  });

  test("has stored by the time it returns, even unawaited", () => {
    const { cache } = createCache();
    void cache.set("k", "v");
    expect(cache.getSync("k")).toBe("v");
  });

  test("undefined is refused, as are promises", async () => {
    const { cache } = createCache();
    const error = { code: "invalid_value" };
    await expect(cache.set("k", undefined)).rejects.toMatchObject(error);
    await expect(cache.set("k", Promise.resolve(1))).rejects.toMatchObject(error);
    expect(() => cache.setSync("k", undefined)).toThrow(expect.objectContaining(error));
    expect(() => cache.setSync("k", Promise.resolve(1))).toThrow(expect.objectContaining(error));
    expect(await cache.has("k")).toBe(false);
  });
});

describe("setMany", () => {
  test.each([
    ["an object", { a: 1, b: 2 }],
    [
      "a Map",
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    ],
    [
      "pairs",
      [
        ["a", 1],
        ["b", 2],
      ] as const,
    ],
  ])("takes %s", async (_form, entries) => {
    const { cache } = createCache();
    expect(await cache.setMany(entries as Iterable<readonly [string, number]>, { ttl: "1h" })).toEqual(NONE);
    expect(await cache.getMany(["a", "b"])).toEqual([1, 2]);
    expect(await cache.ttl("b")).toBe(3_600_000);
  });

  test("stores all or nothing when a value may not be stored", async () => {
    const { cache } = createCache();
    await expect(cache.setMany({ a: 1, b: undefined })).rejects.toMatchObject({ code: "invalid_value" });
    await expect(
      cache.setMany([
        ["a", 1],
        ["", 2],
      ]),
    ).rejects.toMatchObject({ code: "invalid_key" });
    expect(await collect(cache.keys())).toEqual([]);
  });

  test("stores all or nothing when a value is refused by validate", async () => {
    const { cache } = createCache({ validate: (value) => value !== 2 });
    await expect(cache.setMany({ a: 1, b: 2 })).rejects.toMatchObject({ code: "invalid_value", key: "b" });
    expect(await collect(cache.keys())).toEqual([]);
  });

  test("stores all or nothing when a value cannot be copied", async () => {
    const { cache } = createCache({ isolation: "clone" });
    await expect(cache.setMany<unknown>({ a: 1, b: () => 2 })).rejects.toMatchObject({ code: "unserializable" });
    expect(await collect(cache.keys())).toEqual([]);
  });

  test("stores all or nothing when ttl has no answer for a value", async () => {
    const { cache } = createCache();
    const ttl = (value: number) => (value === 1 ? 1_000 : NaN);
    await expect(cache.setMany({ a: 1, b: 2 }, { ttl })).rejects.toMatchObject({ code: "invalid_option" });
    expect(await collect(cache.keys())).toEqual([]);
  });

  test("of nothing does nothing", async () => {
    const { cache } = createCache();
    expect(await cache.setMany({})).toEqual(NONE);
    expect(cache.stats().sets).toBe(0);
  });
});

describe("the synchronous verbs", () => {
  test("set, get and delete at once", () => {
    const { cache } = createCache();
    expect(cache.setSync("k", "v", { namespace: "n" })).toEqual(NONE);
    expect(cache.getSync("k", { namespace: "n" })).toBe("v");
    expect(cache.getSync("k")).toBeUndefined();
    expect(cache.deleteSync("k", { namespace: "n" })).toEqual({ ...NONE, existed: true });
    expect(cache.deleteSync("k", { namespace: "n" })).toEqual({ ...NONE, existed: false });
    expect(cache.getSync("k", { namespace: "n" })).toBeUndefined();
  });
});

describe("looking without using", () => {
  test("has, ttl and getEntry answer for what is fresh or stale", async () => {
    const { cache, clock } = createCache();
    expect([await cache.has("k"), await cache.ttl("k"), await cache.getEntry("k")]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    await cache.set("k", "v");
    await clock.advance(400);
    expect([await cache.has("k"), await cache.ttl("k")]).toEqual([true, 600]);
    await clock.advance(700);
    expect([await cache.has("k"), await cache.ttl("k")]).toEqual([true, 0]);
    expect(await cache.getEntry("k")).toMatchObject({ state: "stale", value: "v" });
  });

  test("counts as no request, and keeps nothing from eviction", async () => {
    const { cache } = createCache({ trackAccess: true });
    await cache.set("k", "v");
    await cache.has("k");
    await cache.ttl("k");
    await cache.getEntry("k");
    await collect(cache.keys());
    expect(cache.stats().requests).toBe(0);
    expect(await cache.getEntry("k")).toMatchObject({ hitCount: 0 });
    expect(await cache.getEntry("k")).not.toHaveProperty("lastAccessedAt");
  });

  test("getEntry says the full key, with name, version and namespace escaped", async () => {
    const { cache } = createCache({ name: "my:shop", version: "v{2}", namespace: "a:b" });
    await cache.set("c%d\n", 1);
    expect((await cache.getEntry("c%d\n"))?.fullKey).toBe("my%3ashop:v%7b2%7d:v:{a%3ab:c%25d%0a}");
  });
});

describe("trackAccess", () => {
  test("counts every use of an entry and remembers the last", async () => {
    const { cache, clock } = createCache({ trackAccess: true });
    await cache.set("k", "v");
    await cache.get("k");
    await clock.advance(10);
    cache.getSync("k");
    await cache.getMany(["k"]);
    expect(await cache.getEntry("k")).toMatchObject({ hitCount: 3, lastAccessedAt: clock.now() });
    await cache.markStale("k");
    await cache.get("k", () => "v1");
    await drainMicrotasks();
    expect(await cache.getEntry("k")).toMatchObject({ value: "v1", hitCount: 0 });
  });

  test("off, says nothing", async () => {
    const { cache } = createCache();
    await cache.set("k", "v");
    await cache.get("k");
    expect(await cache.getEntry("k")).not.toHaveProperty("hitCount");
  });
});

describe("delete, deleteMany and deleteMatching", () => {
  test("say whether, and how many, there were", async () => {
    const { cache, clock } = createCache();
    await cache.setMany({ a: 1, b: 2, c: 3 });
    expect(await cache.delete("a")).toEqual({ ...NONE, existed: true });
    expect(await cache.delete("a")).toEqual({ ...NONE, existed: false });
    expect(await cache.deleteMany(["a", "b", "b"])).toEqual({ ...NONE, deleted: 1 });
    expect(await cache.deleteMany([])).toEqual({ ...NONE, deleted: 0 });
    await clock.advance(1_500);
    expect(await cache.delete("c")).toEqual({ ...NONE, existed: false });
  });

  test("invalidate is delete", async () => {
    const { cache } = createCache();
    await cache.set("k", 1);
    expect(await cache.invalidate("k")).toEqual({ ...NONE, existed: true });
    expect(await cache.has("k")).toBe(false);
  });

  test.each([
    ["user:*", ["user:1", "user:2", "user:10"]],
    ["user:?", ["user:1", "user:2"]],
    ["user:[12]", ["user:1", "user:2"]],
    ["[^u]*", ["*", "post:1"]],
    ["\\*", ["*"]],
    ["user:1", ["user:1"]],
    ["ser:1", []],
    ["*", ["*", "post:1", "user:1", "user:10", "user:2"]],
  ])("deleteMatching(%j) ends just what matches, in its namespace", async (pattern, gone) => {
    const { cache } = createCache();
    const keys = ["user:1", "user:2", "user:10", "post:1", "*"];
    for (const key of keys) {
      await cache.set(key, 1);
      await cache.set(key, 1, { namespace: "n" });
    }
    expect(await cache.deleteMatching(pattern)).toEqual({ ...NONE, deleted: gone.length });
    const left = await collect(cache.keys());
    expect(keys.filter((key) => !left.includes(key)).toSorted()).toEqual(gone.toSorted());
    expect(await collect(cache.keys({ namespace: "n" }))).toHaveLength(5);
  });

  test("deleteMatching counts, like the others, only what could still be served", async () => {
    const { cache, clock } = createCache();
    await cache.set("a", 1);
    await cache.set("b", 1, { tags: ["t"], ttl: "1h" });
    await cache.set("c", 1, { ttl: "1h" });
    await cache.invalidateTags(["t"]);
    await clock.advance(1_500);
    expect(await cache.deleteMatching("*")).toEqual({ ...NONE, deleted: 1 });
  });
});

describe("clear", () => {
  test("ends everything in every namespace, and what is set after stays", async () => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    await cache.set("a", 1);
    await cache.set("b", 1, { namespace: "n", tags: ["t"] });
    expect(await cache.clear()).toEqual(NONE);
    expect(await cache.getMany(["a", "b"], { namespace: "n" })).toEqual([undefined, undefined]);
    expect(await cache.has("a")).toBe(false);
    await cache.set("b", 2, { namespace: "n", tags: ["t"] });
    expect(await cache.get("b", { namespace: "n" })).toBe(2);
    expect(events.filter(({ type }) => type === "evict")).toEqual([]);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 1, evictions: 0 });
  });
});

describe("cleanupExpired", () => {
  test("removes what can be served to nobody, and answers how many", async () => {
    const { cache, clock } = createCache();
    await cache.set("expired", 1);
    await cache.set("rescue", 1, { staleIfError: "1h" });
    await cache.set("fresh", 1, { ttl: "1h" });
    await cache.set("tagged", 1, { ttl: "1h", tags: ["t"] });
    await cache.set("named", 1, { ttl: "1h", namespace: "n" });
    await clock.advance(1_500);
    await cache.invalidateTags(["t"]);
    await cache.clearNamespace("n");
    expect(await cache.cleanupExpired()).toBe(3);
    expect(await cache.cleanupExpired()).toBe(0);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 2 });
    expect(await cache.get("rescue", () => Promise.reject(new Error("down")))).toBe(1);
  });

  test("is done every cleanupInterval, without keeping the process alive", async () => {
    const { cache, clock } = createCache({ cleanupInterval: "1m" });
    expect([clock.pending, clock.pendingKeepAlive]).toEqual([1, 0]);
    for (let n = 0; n < 3; n++) {
      await cache.set("k", n);
      expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 1 });
      await clock.advance(60_000);
      expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 0 });
    }
    await cache.close();
    expect(clock.pending).toBe(0);
  });
});
