// freshHit(): a fresh value in memory for who would only then make a refresh, and nothing else.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";

describe("freshHit", () => {
  test("gives the promise of a fresh value, which counts as a hit", async () => {
    const { cache } = createCache();
    await cache.set("k", 1);
    await cache.set("k", 2, { namespace: "n" });
    expect(await cache.freshHit("k")).toBe(1);
    expect(await cache.freshHit("k", { namespace: "n" })).toBe(2);
    expect(cache.stats()).toMatchObject({ requests: 2, hits: { fresh: 2 } });
  });

  test("knows nothing of what is absent, stale, invalidated, or wanted anew, and counts nothing", async () => {
    const { cache, clock } = createCache();
    expect(cache.freshHit("k")).toBeUndefined();
    await cache.set("k", 1, { tags: ["t"] });
    expect(cache.freshHit("k", { forceRefresh: true })).toBeUndefined();
    expect(cache.freshHit("k", { maxAge: "1s" })).toBeUndefined();
    await cache.invalidateTags(["t"]);
    expect(cache.freshHit("k")).toBeUndefined();
    await cache.set("k", 1);
    await clock.advance(1_000);
    expect(cache.freshHit("k")).toBeUndefined();
    expect(await cache.get("k")).toBe(1);
    expect(cache.stats().requests).toBe(1);
  });

  test.each([{ enabled: false }, { isolation: "clone" as const }, { trackAccess: true }])(
    "leaves it to get under %j",
    async (options) => {
      const { cache } = createCache(options);
      await cache.set("k", 1);
      expect(cache.freshHit("k")).toBeUndefined();
    },
  );

  test("is over with the cache", async () => {
    const { cache } = createCache();
    await cache.set("k", 1);
    await cache.close();
    expect(cache.freshHit("k")).toBeUndefined();
  });
});
