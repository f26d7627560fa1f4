// wrapSync(): the same synchronous function, answered from the cache.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";

describe("wrapSync", () => {
  test("calls the function once per key, with all its arguments", () => {
    const { cache } = createCache();
    const calls: unknown[][] = [];
    const render = (id: number, lang: string) => (calls.push([id, lang]), `${lang}:${id}`);
    const cached = cache.wrapSync(render, { key: "page:{0}:{1}" });
    expect([cached(1, "en"), cached(1, "en"), cached(2, "en")]).toEqual(["en:1", "en:1", "en:2"]);
    expect(calls).toEqual([
      [1, "en"],
      [2, "en"],
    ]);
    expect([cached.key(1, "en"), cache.getSync("page:1:en")]).toEqual(["page:1:en", "en:1"]);
  });

  test("makes its key by a function, too, and lets functions call themselves", () => {
    const { cache } = createCache();
    const binomial = cache.wrapSync(
      (n: number, k: number): number => (k === 0 || k === n ? 1 : binomial(n - 1, k - 1) + binomial(n - 1, k)),
      { key: (n, k) => `${n}/${k}` },
    );
    expect(binomial(50, 25)).toBe(126_410_606_437_752);
    const endless = cache.wrapSync((n: number): number => endless(n), { key: "endless:{0}" });
    expect(() => endless(1)).toThrow(expect.objectContaining({ code: "cycle", key: "endless:1" }));
  });

  test("invalidates one call's result, in its namespace", () => {
    const { cache } = createCache();
    let n = 0;
    const cached = cache.wrapSync((_id: number) => ++n, { key: "k:{0}", namespace: "n" });
    cached(1);
    cached(2);
    expect(cached.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect([cached(1), cached(2), cache.getSync("k:1")]).toEqual([3, 2, undefined]);
  });

  test("refreshes on demand, and passes its options on, those of a view as well", async () => {
    const { cache } = createCache();
    let n = 0;
    const cached = cache.namespace("n", { ttl: "1h" }).wrapSync(() => ++n, { key: "k", tags: ["t"] });
    cached();
    expect([cached.refresh(), cached(), await cache.ttl("k", { namespace: "n" })]).toEqual([2, 2, 3_600_000]);
    await cache.invalidateTags(["t"]);
    expect(cached()).toBe(3);
  });

  test("throws what the function throws, or what is wrong with the key of a call", () => {
    const { cache } = createCache();
    const error = new Error("down");
    const fails = (_id?: unknown): never => {
      throw error;
    };
    const cached = cache.wrapSync(fails, { key: "user:{0}" });
    expect(() => cached(1)).toThrow(error);
    for (const call of [cached, cached.invalidate, cached.refresh]) {
      expect(() => call()).toThrow(expect.objectContaining({ code: "invalid_key_argument" }));
    }
  });

  test("refuses an asynchronous function when it is called", () => {
    const { cache } = createCache();
    // @ts-expect-error an asynchronous function
    const cached = cache.wrapSync(async () => 1, { key: "k" });
    expect(cached).toThrow(/refresh of 'k' must be synchronous/);
  });

  test.each([
    ["no function", 5, { key: "k" }, /fn must be a function, got 5/],
    ["no options", () => 1, undefined, /options must be an object with a key, got undefined/],
    ["no key", () => 1, {}, /key must be a template or a function/],
    ["an unknown option", () => 1, { key: "k", tttl: 1 }, /options must hold known options only .*'tttl'/],
  ])("refuses %s when it is called, not when its result is", (_what, fn, options, message) => {
    const { cache } = createCache();
    const wrap = (): unknown => cache.wrapSync(fn as () => number, options as { key: string });
    expect(wrap).toThrow(expect.objectContaining({ name: "CacheError", message: expect.stringMatching(message) }));
  });
});
