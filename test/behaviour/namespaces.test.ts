// Namespaces: apart from each other, cleared at once, and views with defaults of their own.

import { describe, expect, test } from "vitest";
import { collect, createCache } from "../support/cache.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

const PLACES: readonly (readonly [namespace: string | undefined, key: string])[] = [
  ["a", "b:c"],
  ["a:b", "c"],
  [undefined, "a:b:c"],
  [undefined, "1:a:b:c"],
  [undefined, "\u00001:a:b:c"],
  [undefined, "\u0000\u00001:a:b:c"],
  [undefined, "\u0000"],
  ["\u0000", "\u0000"],
  ["1:a", "b"],
  ["1", "a:b"],
  ["ä", "b"],
  ["é", "b"],
];

describe("namespaces", () => {
  test("keep keys apart however they are spelled", async () => {
    const { cache } = createCache();
    for (const [index, [namespace, key]] of PLACES.entries()) await cache.set(key, index, { namespace });
    for (const [index, [namespace, key]] of PLACES.entries()) {
      expect(await cache.get(key, { namespace })).toBe(index);
      expect(await collect(cache.keys({ namespace }))).toContain(key);
    }
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: PLACES.length });
    await cache.clearNamespace("a");
    expect(await cache.get("b:c", { namespace: "a" })).toBeUndefined();
    expect(await cache.get("c", { namespace: "a:b" })).toBe(1);
    expect((await collect(cache.keys())).toSorted()).toEqual(
      PLACES.filter(([namespace]) => namespace === undefined)
        .map(([, key]) => key)
        .toSorted(),
    );
  });

  test("are cleared and marked stale one by one; the default is that of the cache", async () => {
    const { cache } = createCache({ namespace: "own" });
    await cache.set("k", 1);
    await cache.set("k", 2, { namespace: "other" });
    expect((await cache.getEntry("k"))?.namespace).toBe("own");
    expect(await cache.get("k", { namespace: "own" })).toBe(1);
    await cache.markNamespaceStale();
    expect(await cache.ttl("k")).toBe(0);
    expect(await cache.ttl("k", { namespace: "other" })).toBe(1_000);
    await cache.clearNamespace();
    expect(await cache.has("k")).toBe(false);
    expect(await cache.has("k", { namespace: "other" })).toBe(true);
    await cache.clearNamespace("other");
    expect(await cache.has("k", { namespace: "other" })).toBe(false);
  });

  test("without a name are cleared apart from those with one", async () => {
    const { cache } = createCache();
    await cache.set("k", 1);
    await cache.set("k", 2, { namespace: "n" });
    await cache.clearNamespace();
    expect(await cache.get("k")).toBeUndefined();
    expect(await cache.get("k", { namespace: "n" })).toBe(2);
  });

  test("take new entries after they were cleared", async () => {
    const { cache } = createCache();
    const n = cache.namespace("n");
    await n.set("k", 1);
    await n.clear();
    await n.set("k", 2);
    expect(await n.get("k")).toBe(2);
    await n.markAllStale();
    await n.set("k", 3);
    expect(await n.ttl("k")).toBe(1_000);
  });
});

describe("a view", () => {
  test("has every verb, on its own namespace", async () => {
    const { cache } = createCache();
    const n = cache.namespace("n");
    expect(n.name).toBe("n");
    await n.set("a", 1);
    n.setSync("b", 2);
    await n.setMany({ c: 3 });
    await cache.set("a", "outside");
    expect(await n.get("a")).toBe(1);
    expect(n.getSync("b")).toBe(2);
    expect(await n.getMany(["a", "b", "c"])).toEqual([1, 2, 3]);
    expect(await n.getMany(["c", "d"], () => [4])).toEqual([3, 4]);
    expect(await n.getEntry("a")).toMatchObject({ namespace: "n", fullKey: "default:v:{n:a}" });
    expect(await n.has("d")).toBe(true);
    expect(await n.ttl("d")).toBe(1_000);
    expect((await collect(n.keys())).toSorted()).toEqual(["a", "b", "c", "d"]);
    expect(await collect(n.keys({ prefix: "a" }))).toEqual(["a"]);
    await n.markStale("a");
    expect(await n.ttl("a")).toBe(0);
    expect(await n.invalidate("a")).toMatchObject({ existed: true });
    expect(await n.delete("b")).toMatchObject({ existed: true });
    expect(n.deleteSync("b")).toMatchObject({ existed: false });
    expect(await n.deleteMatching("c")).toMatchObject({ deleted: 1 });
    expect(await n.deleteMany(["d", "e"])).toMatchObject({ deleted: 1 });
    const double = n.wrap((x: number) => x * 2, { key: "double:{0}" });
    expect(await double(2)).toBe(4);
    expect(await n.get("double:2")).toBe(4);
    await n.clear();
    expect(await collect(n.keys())).toEqual([]);
    expect(await cache.get("a")).toBe("outside");
  });

  test("has defaults, which the options of a call go over, and undefined does not", async () => {
    const { cache } = createCache();
    const n = cache.namespace("n", { ttl: "1h", tags: ["t"] });
    await n.set("a", 1);
    await n.set("b", 1, { ttl: "2h", tags: undefined });
    await n.get("c", () => 1, { ttl: undefined, tags: ["u"] });
    expect(await n.ttl("a")).toBe(3_600_000);
    expect(await n.ttl("b")).toBe(7_200_000);
    expect(await n.ttl("c")).toBe(3_600_000);
    expect((await n.getEntry("b"))?.tags).toEqual(["t"]);
    expect((await n.getEntry("c"))?.tags).toEqual(["u"]);
    await cache.set("a", 1, { namespace: "n" });
    expect(await n.ttl("a")).toBe(1_000);
  });

  test("may refuse background refreshes for its keys alone", async () => {
    const { cache, clock } = createCache();
    const n = cache.namespace("n", { backgroundRefresh: false });
    await n.set("k", "old");
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await n.get("k", () => "new")).toBe("new");
    expect(await cache.get("k", () => "new")).toBe("old");
    await drainMicrotasks();
  });

  test("does not let a call leave its namespace", async () => {
    const { cache } = createCache();
    const n = cache.namespace("n");
    await n.set("k", 1, { namespace: "m" } as never);
    expect(await n.get("k")).toBe(1);
    expect(await collect(n.keys({ namespace: "m" } as never))).toEqual(["k"]);
  });

  test.each<[string, object, string, RegExp]>([
    ["", {}, "invalid_key", /namespace must be a non-empty string, got ''/],
    ["n", { ttl: -1 }, "invalid_option", /options\.ttl must be a duration.*got -1/],
    ["n", { tttl: 1 }, "invalid_option", /options must hold known options only .*got 'tttl'/],
  ])("named %j with %j is refused at once", (name, options, code, message) => {
    const { cache } = createCache();
    const make = (): unknown => cache.namespace(name, options);
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  test("refuses a refresh that is no function, with options or without, as the cache does", async () => {
    const { cache } = createCache();
    const n = cache.namespace("n");
    const error = { code: "invalid_argument", message: expect.stringMatching(/refresh must be a function/) };
    await expect(n.get("k", "load" as never)).rejects.toMatchObject(error);
    await expect(n.get("k", undefined as never, { ttl: 1 })).rejects.toMatchObject(error);
    await expect(n.getMany(["k"], undefined as never, { ttl: 1 })).rejects.toMatchObject(error);
    await expect(n.get("k", null as never)).rejects.toMatchObject(error);
  });
});
