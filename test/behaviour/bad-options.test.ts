// Options of a cache, its tiers and its calls that nobody can mean.

import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type GetOptions } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";

const DURATIONS = ["ttl", "staleWhileRevalidate", "staleIfError", "negativeTtl", "maxAge", "softTimeout"] as const;
const POSITIVE = ["hardTimeout"] as const;
const POSITIVE_OF_CACHE = [...POSITIVE, "refreshTimeout", "cleanupInterval"] as const;
const BAD_DURATIONS = [-1, NaN, "5 minutes", "5", "m", "-5m", "", true, null, {}, 5n];

function constructing(options: object): () => TieredCacheManager {
  return () => new TieredCacheManager(options);
}

const named = (field: string): object =>
  expect.objectContaining({
    name: "CacheError",
    code: "invalid_option",
    message: expect.stringMatching(new RegExp(`^${field.replaceAll(/[.[\]]/g, "\\$&")} must .* got `)),
  });

describe("durations", () => {
  test.each([...DURATIONS, ...POSITIVE_OF_CACHE, "closeTimeout"])("%s of a cache must be one", (field) => {
    for (const value of BAD_DURATIONS) expect(constructing({ [field]: value })).toThrow(named(field));
  });

  test.each([...DURATIONS, ...POSITIVE])("%s of a call must be one", async (field) => {
    const { cache } = createCache();
    for (const value of BAD_DURATIONS) {
      const got = cache.get("k", () => 1, { [field]: value } as GetOptions<number>);
      await expect(got).rejects.toThrow(named(`options.${field}`));
    }
    expect(await cache.has("k")).toBe(false);
  });

  test.each(POSITIVE_OF_CACHE)("%s may not be 0", (field) => {
    expect(constructing({ [field]: 0 })).toThrow(named(field));
    expect(constructing({ [field]: 0 })).toThrow("a duration longer than 0, got 0");
  });

  test("the message says how to do it right", () => {
    expect(constructing({ ttl: -5 })).toThrow(
      'ttl must be a duration of at least 0 (milliseconds, or text like "250ms", "10s", "5m", "1h", "forever"), got -5',
    );
  });
});

describe("other options", () => {
  const BAD: readonly [string, object][] = [
    ["jitter", { jitter: -0.1 }],
    ["jitter", { jitter: 1.1 }],
    ["jitter", { jitter: NaN }],
    ["jitter", { jitter: "0.1" }],
    ["earlyRefresh", { earlyRefresh: -1 }],
    ["earlyRefresh", { earlyRefresh: Infinity }],
    ["isNegative", { isNegative: null }],
    ["backgroundRefresh", { backgroundRefresh: "no" }],
    ["enabled", { enabled: 1 }],
    ["trackAccess", { trackAccess: null }],
    ["enableStats", { enableStats: 0 }],
    ["maxKeyLength", { maxKeyLength: 0 }],
    ["maxKeyLength", { maxKeyLength: 1.5 }],
    ["refreshConcurrency", { refreshConcurrency: 0 }],
    ["refreshConcurrency", { refreshConcurrency: Infinity }],
    ["refreshQueue", { refreshQueue: -1 }],
    ["validate", { validate: {} }],
    ["validate", { validate: null }],
    ["isolation", { isolation: "copy" }],
    ["clock", { clock: { now: () => 0 } }],
    ["clock", { clock: null }],
    ["random", { random: 0.5 }],
    ["tiers", { tiers: [] }],
    ["tiers", { tiers: memoryTier() }],
    ["tiers", { tiers: [memoryTier(), memoryTier()] }],
    ["tiers[0]", { tiers: [{}] }],
    ["tiers[0]", { tiers: ["memory"] as never }],
    ["tiers[0]", { tiers: [null as never] }],
    ["tiers[0]", { tiers: [memoryTier as never] }],
    ["tiers[1]", { tiers: [memoryTier(), undefined] }],
    ["tiers[0]", { tiers: [memoryTier({ size: 1 } as object)] }],
    ["tiers[0]", { tiers: [memoryTier(null as never)] }],
    ["tiers[0].maxEntries", { tiers: [memoryTier({ maxEntries: 0 })] }],
    ["tiers[0].maxBytes", { tiers: [memoryTier({ maxBytes: -1 })] }],
    ["tiers[0].sizeOf", { tiers: [memoryTier({ sizeOf: 1 as never })] }],
    ["tiers[0].maxAge", { tiers: [memoryTier({ maxAge: "x" as never })] }],
    ["tiers[0].isolation", { tiers: [memoryTier({ isolation: "deep" as never })] }],
    ["tiers[0].enabled", { tiers: [memoryTier({ enabled: "yes" as never })] }],
    ["cache options", { staleWhileRevalidation: 1 }],
    ["cache options", [] as object],
    ["cache options", null as never],
    ["cache options", "5m" as never],
  ];

  test.each(BAD)("%s refuses %j", (field, options) => {
    expect(constructing(options)).toThrow(named(field));
  });

  test.each([
    ["name", { name: "" }],
    ["version", { version: "\ud800" }],
    ["namespace", { namespace: 7 }],
    ["name", { name: "n".repeat(513) }],
  ])("%s refuses %j as it would a key", (field, options) => {
    const error = { code: "invalid_key", message: expect.stringMatching(new RegExp(`^${field} must be `)) };
    expect(constructing(options)).toThrow(expect.objectContaining(error));
  });

  test.each([
    ["options.tiers", { tiers: [] }],
    ["options.tiers", { tiers: { redis: false } }],
    ["options.tiers.memory", { tiers: { memory: true } }],
    ["options.tiers.memory", { tiers: { memory: { ttl: 1 } } }],
    ["options.tiers.memory.maxAge", { tiers: { memory: { maxAge: -1 } } }],
    ["options.tags", { tags: "t" }],
    ["options.signal", { signal: {} }],
    ["options.signal", { signal: null }],
    ["options.forceRefresh", { forceRefresh: 1 }],
    ["options.jitter", { jitter: 2 }],
    ["options.backgroundRefresh", { backgroundRefresh: null }],
    ["options.isNegative", { isNegative: 404 }],
  ])("%s of a call refuses %j", async (field, options) => {
    const { cache } = createCache();
    await expect(cache.get("k", () => 1, options as GetOptions<number>)).rejects.toThrow(named(field));
  });

  test("undefined is as good as left out, everywhere", async () => {
    const options = Object.fromEntries(
      ["name", "ttl", "jitter", "tiers", "validate", "clock", "namespace", "maxAge", "isolation"].map((name) => [
        name,
        undefined,
      ]),
    );
    const cache = constructing(options)();
    await cache.set("k", 1, { ttl: undefined, tags: undefined, namespace: undefined, tiers: undefined });
    expect(await cache.get("k", { namespace: undefined, maxAge: undefined })).toBe(1);
    await cache.close();
  });

  test("are never changed, and later changes of them do nothing", async () => {
    const { clock } = createCache();
    const tags = ["t"];
    const options = { ttl: 1_000, tags };
    const memory = { maxEntries: 2 };
    const cache = new TieredCacheManager(Object.freeze({ clock, tiers: Object.freeze([memoryTier(memory)]) }));
    const n = cache.namespace("n", options);
    options.ttl = 5;
    memory.maxEntries = 100;
    await n.set("k", 1);
    expect(await n.ttl("k")).toBe(1_000);
    expect(cache.stats().tiers["memory"]).toMatchObject({ capacity: 2 });
  });
});
