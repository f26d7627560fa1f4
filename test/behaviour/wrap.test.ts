// wrap(): the same function, answered from the cache.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";

describe("wrap", () => {
  test("calls the function once per key, with all its arguments", async () => {
    const { cache } = createCache();
    const calls: unknown[][] = [];
    const load = async (id: number, lang: string) => (calls.push([id, lang]), `${lang}:${id}`);
    const cached = cache.wrap(load, { key: "page:{0}:{1}" });
    expect(await Promise.all([cached(1, "en"), cached(1, "en"), cached(2, "en")])).toEqual(["en:1", "en:1", "en:2"]);
    expect(await cached(1, "en")).toBe("en:1");
    expect(calls).toEqual([
      [1, "en"],
      [2, "en"],
    ]);
  });

  test("makes its key from a template or by a function", async () => {
    const { cache } = createCache();
    const byTemplate = cache.wrap((id: number) => id, { key: "user:{0}" });
    const byFunction = cache.wrap((user: { id: number }) => user.id, { key: ({ id }) => `user:${id}` });
    expect(byTemplate.key(7)).toBe("user:7");
    expect(byFunction.key({ id: 7 })).toBe("user:7");
    await byTemplate(7);
    expect(await cache.get("user:7")).toBe(7);
  });

  test("invalidates one call's result, in its namespace", async () => {
    const { cache } = createCache();
    let n = 0;
    const cached = cache.wrap((_id: number) => ++n, { key: "k:{0}", namespace: "n" });
    await cached(1);
    await cached(2);
    expect(await cached.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect(await cached(1)).toBe(3);
    expect(await cached(2)).toBe(2);
    expect(await cache.has("k:1")).toBe(false);
  });

  test("refreshes on demand", async () => {
    const { cache } = createCache();
    let n = 0;
    const cached = cache.wrap(() => ++n, { key: "k" });
    await cached();
    expect(await cached.refresh()).toBe(2);
    expect(await cached()).toBe(2);
  });

  test("passes its options on: ttl, tags and the rest", async () => {
    const { cache } = createCache();
    const cached = cache.wrap(() => "v", { key: "k", ttl: "1h", tags: ["t"] });
    await cached();
    expect(await cache.ttl("k")).toBe(3_600_000);
    await cache.invalidateTags(["t"]);
    expect(await cache.has("k")).toBe(false);
  });

  test("takes templates for namespace and tags, and names by params", async () => {
    const { cache } = createCache();
    const cached = cache.wrap(async (id: number, lang: string) => `${lang}:${id}`, {
      key: "page:{id}",
      params: ["id", "lang"],
      namespace: "in {lang}",
      tags: ["page:{id}", "{{all}}"],
    });
    await cached(1, "en");
    expect(await cache.getEntry("page:1", { namespace: "in en" })).toMatchObject({ tags: ["page:1", "{all}"] });
    expect(await cached.peek(1, "en")).toBe("en:1");
    expect(await cached.peek(1, "de")).toBeUndefined();
    expect(await cached.invalidate(1, "en")).toEqual({ authority: "none", existed: true });
  });

  test("decides by arguments and result what is cached, and for how long", async () => {
    const { cache } = createCache();
    const calls: number[] = [];
    const cached = cache.wrap((id: number) => (calls.push(id), id * 10), {
      key: "k:{0}",
      condition: (id) => id !== 0,
      unless: (result) => result === 20,
      refresh: (id) => ({ ttl: id * 1000 }),
      tags: (result, id) => [`t:${result}`, `id:${id}`],
    });
    for (const id of [0, 0, 1, 1, 2, 2]) await cached(id);
    expect(calls).toEqual([0, 0, 1, 2, 2]);
    expect(await cache.ttl("k:1")).toBe(1000);
    expect((await cache.getEntry("k:1"))?.tags).toEqual(["t:10", "id:1"]);
    const off = cache.wrap((id: number) => calls.push(id), { key: "off:{0}", enabled: false });
    expect([await off(7), await off(7), await off.peek(7)]).toEqual([6, 7, undefined]);
    expect(await off.invalidate(7)).toEqual({ authority: "none", existed: false });
  });

  test("gives the function a signal of its own in place of its caller's", async () => {
    const { cache } = createCache();
    const signals: (AbortSignal | undefined)[] = [];
    const cached = cache.wrap(async (id: number, signal?: AbortSignal) => (signals.push(signal), id), { key: "k:{0}" });
    const { signal } = new AbortController();
    await cached(1, signal);
    expect(signals[0]).toBeInstanceOf(AbortSignal);
    expect(signals[0]).not.toBe(signal);
    await expect(cached(2, AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
  });

  test("takes the name and tags of a view as they are, whatever is in them", async () => {
    const { cache } = createCache();
    const view = cache.namespace("a{0}", { tags: ["t{1}"] });
    const cached = view.wrap((id: number) => id, { key: "k:{0}" });
    await cached(1);
    expect(await cache.getEntry("k:1", { namespace: "a{0}" })).toMatchObject({ value: 1, tags: ["t{1}"] });
    const tagged = view.wrapSync((id: number) => id, { key: "s:{0}", tags: ["t:{0}"] });
    tagged(1);
    expect(await view.getEntry("s:1")).toMatchObject({ tags: ["t:1"] });
    expect(() => view.wrap(() => 1, undefined as never)).toThrow("options must be an object with a key");
  });

  test("of a function that throws rejects with its error, and keeps nothing", async () => {
    const { cache } = createCache();
    const error = new Error("down");
    const cached = cache.wrap(
      () => {
        throw error;
      },
      { key: "k" },
    );
    await expect(cached()).rejects.toBe(error);
    expect(await cache.has("k")).toBe(false);
  });

  test("rejects, and never throws, when the key of a call cannot be made", async () => {
    const { cache } = createCache();
    const cached = cache.wrap((_id?: unknown) => 1, { key: "user:{0}" });
    await expect(cached()).rejects.toMatchObject({ name: "CacheError" });
    await expect(cached.invalidate()).rejects.toMatchObject({ name: "CacheError" });
    await expect(cached.refresh()).rejects.toMatchObject({ name: "CacheError" });
    const bad = cache.wrap(() => 1, { key: () => "" });
    await expect(bad()).rejects.toMatchObject({ code: "invalid_key" });
  });

  test.each([
    ["no function", 5, { key: "k" }, /fn must be a function, got 5/],
    ["no options", () => 1, undefined, /options must be an object with a key, got undefined/],
    ["null for options", () => 1, null, /options must be an object with a key, got null/],
    ["no key", () => 1, {}, /key must be a template or a function/],
    ["an empty key", () => 1, { key: "" }, /key must be a template or a function/],
    ["a format", () => 1, { key: "{0:hash}" }, /which only freshtier\/decorators knows: use its wrap/],
    ["a tier it does not have", () => 1, { key: "k", tiers: { redis: false } }, /tiers must hold known options only/],
    ["an unknown option", () => 1, { key: "k", tttl: 1 }, /options must hold known options only .*'tttl'/],
    ["a bad duration", () => 1, { key: "k", ttl: -1 }, /ttl must be a duration .*got -1/],
  ])("refuses %s when it is called, not when its result is", (_what, fn, options, message) => {
    const { cache } = createCache();
    const wrap = (): unknown => cache.wrap(fn as () => number, options as { key: string });
    expect(wrap).toThrow(expect.objectContaining({ name: "CacheError", message: expect.stringMatching(message) }));
  });
});
