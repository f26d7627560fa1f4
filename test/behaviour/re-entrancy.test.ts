// Code of the user's that runs inside the cache, and calls it: ttl functions, sizes, getters.

import { describe, expect, test } from "vitest";
import { memoryTier, type TieredCacheManager } from "../../src/index.ts";
import { EpochTable } from "../../src/engine/epochs.ts";
import { createCache } from "../support/cache.ts";

describe("P3 what the user's own code invalidates while a result is being stored is not stored", () => {
  const VERBS: readonly [string, (cache: TieredCacheManager) => unknown][] = [
    ["deleteSync", (cache) => cache.deleteSync("k")],
    ["clear", (cache) => cache.clear()],
    ["invalidateTags", (cache) => cache.invalidateTags(["t"])],
    ["setSync", (cache) => cache.setSync("k", "newer")],
  ];

  test.each(VERBS)("%s in a ttl function", async (_verb, invalidate) => {
    const { cache } = createCache();
    const ttl = (): number => (invalidate(cache), 1_000);
    expect(await cache.get("k", () => "overtaken", { ttl, tags: ["t"] })).toBe("overtaken");
    expect(await cache.get("k")).not.toBe("overtaken");
  });

  test.each(VERBS)("%s in sizeOf", async (_verb, invalidate) => {
    const inside: { cache?: TieredCacheManager } = {};
    const sizeOf = (value: unknown): number => (value === "overtaken" && invalidate(inside.cache!), 1);
    const { cache } = createCache({ tiers: [memoryTier({ maxBytes: 100, sizeOf })] });
    inside.cache = cache;
    await cache.get("k", () => "overtaken", { tags: ["t"] });
    expect(await cache.get("k")).not.toBe("overtaken");
  });
});

describe("the epoch table", () => {
  test("does not prune for names it knows already: a batch keeps all its entries", () => {
    const table = new EpochTable(() => [], 2);
    const first = table.tags(["a", "b"]);
    const second = table.tags(["a", "b"]);
    expect(second).toEqual(first);
    expect(first?.every(({ hard }) => hard === 0)).toBe(true);
  });

  test("loses no entry of setMany when new tags fill it", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 10 })] });
    for (let n = 0; n < 5_010; n++) {
      await cache.setMany({ first: n, second: n }, { tags: [`a${n}`, `b${n}`] });
      expect([cache.getSync("first"), cache.getSync("second")]).toEqual([n, n]);
    }
  });
});

describe("odd arguments", () => {
  test.each([null, 5, Symbol("n"), {}])(
    "a namespace that is %s is refused, and not with a TypeError",
    async (namespace) => {
      const { cache } = createCache();
      const got = cache.get("k", () => 1, { namespace: namespace as never });
      await expect(got).rejects.toMatchObject({ code: "invalid_key" });
    },
  );

  test("holes in lists are refused like any other bad member", async () => {
    const { cache } = createCache();
    // oxlint-disable-next-line no-sparse-arrays
    const holes = [, "a"] as string[];
    await expect(cache.getMany(holes, () => [])).rejects.toMatchObject({ code: "invalid_key" });
    await expect(cache.set("k", 1, { tags: holes })).rejects.toMatchObject({ code: "invalid_key" });
  });

  test("a list of tags is the cache's own: the caller may change his", async () => {
    const { cache } = createCache();
    const tags = ["a"];
    const loading = cache.get("k", async () => (tags.push("b"), 1), { tags });
    await loading;
    expect((await cache.getEntry("k"))?.tags).toEqual(["a"]);
  });

  test("validate and listeners may answer with a promise of any make", async () => {
    // oxlint-disable-next-line unicorn/no-thenable
    const thenable = (value: unknown) => ({ then: (resolve: (value: unknown) => void) => resolve(value) });
    const { cache } = createCache({ validate: () => thenable(false) });
    await expect(cache.set("k", 1)).rejects.toMatchObject({ code: "invalid_value" });
    const errors: unknown[] = [];
    cache.on("listenerError", ({ error }) => errors.push(error));
    // oxlint-disable-next-line unicorn/no-thenable
    cache.on("miss", () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject("no") }));
    await cache.get("k");
    expect(errors).toEqual(["no"]);
  });

  test("a view's wrap checks its options at once, as the cache's does", () => {
    const { cache } = createCache();
    const wrap = (): unknown => cache.namespace("n").wrap(async () => 1, { key: () => "k", ttl: "bad" as never });
    expect(wrap).toThrow(/options.ttl/);
  });

  test("a small view of a large buffer is copied without the buffer", async () => {
    const { cache } = createCache({ isolation: "clone" });
    await cache.set("k", {
      bytes: new Uint8Array(1_000).subarray(10, 12),
      view: new DataView(new ArrayBuffer(9), 4, 2),
    });
    const copy = await cache.get<{ bytes: Uint8Array; view: DataView }>("k");
    expect([copy?.bytes.length, copy?.bytes.buffer.byteLength]).toEqual([2, 2]);
    expect(copy?.view.buffer.byteLength).toBe(2);
  });

  test("getOrSet is get with a refresh", async () => {
    const { cache } = createCache();
    expect(await cache.getOrSet("k", () => 1)).toBe(1);
    expect(await cache.namespace("n").getOrSet("k", () => 2)).toBe(2);
  });
});
