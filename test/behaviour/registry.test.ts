// The registry: one default cache per process.

import { afterEach, describe, expect, test } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";

afterEach(() => cacheRegistry.reset());

describe("cacheRegistry", () => {
  test("holds the cache it was given", () => {
    const { cache } = createCache();
    expect(cacheRegistry.initialize(cache)).toBe(cache);
    expect(cacheRegistry.get()).toBe(cache);
  });

  test("makes one of options, or of nothing", async () => {
    const made = cacheRegistry.initialize({ name: "shop" });
    expect(made).toBeInstanceOf(TieredCacheManager);
    expect(cacheRegistry.get().name).toBe("shop");
    await cacheRegistry.shutdown();
    expect(cacheRegistry.initialize().name).toBe("default");
    await cacheRegistry.shutdown();
  });

  test("refuses a second cache while it holds one", () => {
    const first = cacheRegistry.initialize(createCache({ name: "first" }).cache);
    const error = { code: "already_initialized", message: expect.stringContaining("first") };
    expect(() => cacheRegistry.initialize()).toThrow(expect.objectContaining(error));
    expect(cacheRegistry.get()).toBe(first);
  });

  test("refuses bad options, and holds nothing then", () => {
    expect(() => cacheRegistry.initialize({ ttl: -1 })).toThrow(expect.objectContaining({ code: "invalid_option" }));
    expect(() => cacheRegistry.get()).toThrow(expect.objectContaining({ code: "not_initialized" }));
  });

  test("without a cache says how to get one", () => {
    const error = { code: "not_initialized", message: expect.stringContaining("cacheRegistry.initialize(options)") };
    expect(() => cacheRegistry.get()).toThrow(expect.objectContaining(error));
  });

  test("shuts its cache down and forgets it", async () => {
    const { cache } = createCache();
    cacheRegistry.initialize(cache);
    await cacheRegistry.shutdown();
    await expect(cache.get("k")).rejects.toMatchObject({ code: "closed" });
    expect(() => cacheRegistry.get()).toThrow(expect.objectContaining({ code: "not_initialized" }));
    await cacheRegistry.shutdown();
  });

  test("forgets it on reset and leaves it open", async () => {
    const { cache } = createCache();
    cacheRegistry.initialize(cache);
    cacheRegistry.reset();
    cacheRegistry.reset();
    expect(await cache.get("k", () => 1)).toBe(1);
    expect(() => cacheRegistry.get()).toThrow(expect.objectContaining({ code: "not_initialized" }));
  });
});
