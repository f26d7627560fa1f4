// wrap of freshtier/decorators: plain functions with all that @Cached knows.

import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import { wrap } from "../../src/decorators/index.ts";

let cache: TieredCacheManager;
let runs: unknown[];

beforeEach(() => {
  cache = new TieredCacheManager();
  runs = [];
});

afterEach(async () => {
  await cache.close();
  await cacheRegistry.shutdown();
});

async function readUser(id: number, lang?: string): Promise<string> {
  runs.push(id);
  return `${id} ${lang ?? "en"}`;
}

describe("wrap", () => {
  test("makes keys of the function's name and its arguments", async () => {
    const find = wrap(readUser, { cache });
    expect([await find(1), await find(1, undefined), await find(1, "de")]).toEqual(["1 en", "1 en", "1 de"]);
    expect(runs).toEqual([1, 1]);
    expect(find.key(1, "de")).toBe('readUser(1,"de")');
    expect(await find.peek(1)).toBe("1 en");
    expect(await find.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect(await find.peek(1)).toBeUndefined();
    expect(await find.refresh(1)).toBe("1 en");
    expectTypeOf(find).parameters.toEqualTypeOf<Parameters<typeof readUser>>();
  });

  test("takes templates with names and formats, and key functions", async () => {
    const named = wrap(readUser, { cache, key: "user:{id}", namespace: "lang:{1}", tags: ["user:{id}"] });
    expect(named.key(1)).toBe("user:1");
    await named(1, "de");
    expect(await cache.getEntry("user:1", { namespace: "lang:de" })).toMatchObject({ tags: ["user:1"] });
    expect(wrap(readUser, { cache, key: "user:{0:hash}" }).key(1)).toMatch(/^user:[\w-]{32}$/);
    expect(wrap(readUser, { cache, key: (id, lang) => `${id}/${lang}` }).key(1, "de")).toBe("1/de");
    expect(wrap(readUser, { cache, key: "x:{who}", params: ["who"] }).key(1)).toBe("x:1");
  });

  test("has conditions and the rest of the options", async () => {
    const find = wrap(readUser, {
      cache,
      condition: (id) => id > 0,
      unless: (user, id) => user === "2 en" && id === 2,
      refresh: (id) => ({ ttl: id * 1000 }),
      tags: (user, id) => [`user:${id}`, user],
    });
    for (const id of [0, 0, 1, 1, 2, 2]) await find(id);
    expect(runs).toEqual([0, 0, 1, 2, 2]);
    expect(await cache.getEntry("readUser(1)")).toMatchObject({ tags: ["user:1", "1 en"] });
    const entry = await cache.getEntry("readUser(1)");
    expect(entry!.freshUntil - entry!.createdAt).toBe(1000);
    expect(await find.peek(0)).toBeUndefined();
    expect(await find.refresh(0)).toBe("0 en");
  });

  test("uses the registry's cache of the time of the call, or none where it is not enabled", async () => {
    const find = wrap(readUser);
    await expect(find(1)).rejects.toMatchObject({ code: "not_initialized" });
    const initialized = cacheRegistry.initialize();
    await find(1);
    expect(await initialized.has("readUser(1)")).toBe(true);
    const off = wrap(readUser, { enabled: false });
    await off(1);
    await off(1);
    expect(runs).toEqual([1, 1, 1]);
    expect(await off.invalidate(1)).toEqual({ authority: "none", existed: false });
  });

  test("refuses another function of its name on one cache, unless it has an id", async () => {
    const other = Object.defineProperty(async () => "other", "name", { value: "readUser" });
    await wrap(readUser, { cache })(1);
    await wrap(readUser, { cache })(1);
    await expect(wrap(other, { cache })()).rejects.toMatchObject({ code: "invalid_decorator" });
    expect(await wrap(other, { cache, id: "other" })()).toBe("other");
  });

  test.each<[string, () => unknown, string]>([
    ["what is no function", () => wrap(5 as never), "fn must be a function, got 5"],
    ["a function without a name", () => wrap(() => 1), "a function without a key of its own must have a name"],
    ["a name of two letters", () => wrap({ ab: () => 1 }.ab), "or an id, got 'ab'"],
    ["an unknown option", () => wrap(readUser, { tll: 1 } as never), "'tll'"],
    ["an unknown parameter", () => wrap(readUser, { key: "{user}" }), "must name known parameters (id, lang)"],
    ["a key of another type", () => wrap(readUser, { key: 5 as never }), "key must be a template or a function, got 5"],
    ["an id of another type", () => wrap(readUser, { id: 5 as never }), "id must be a non-empty string"],
    ["a cache that is none", () => wrap(readUser, { cache: 5 as never }), "cache must be a cache"],
    ["options that are none", () => wrap(readUser, 5 as never), "options must be an object, got 5"],
  ])("refuses %s", (_what, call, found) => {
    expect(call).toThrow(expect.objectContaining({ name: "CacheError" }));
    expect(call).toThrow(found);
  });
});

describe("a name in a template", () => {
  // Made from text, so that no tool prints them anew.
  const make = (source: string): (() => Promise<unknown>) =>
    new Function(`return ${source}`)() as () => Promise<unknown>;

  test.each([
    ["of a minified function", "async function readUser(a,id){return id}", "{id}"],
    ["of a minified arrow", "async(a,id)=>id", "{id}"],
    ["of one letter", "async function readUser(a) { return a; }", "{a}"],
  ])("is refused where it may be a minifier's: %s", (_what, source, key) => {
    expect(() => wrap(make(source), { cache, key })).toThrow("-letter name, which may be a minifier's");
  });

  test.each([
    "async function readUser(id, ab) { return id; }",
    "async function readUser(userId,ab){return userId}",
    "async (id) => id",
    "id => id",
    "id=>id",
    "async (a, id) => id",
    // As tsx prints it.
    "async function readUser(id,lang){return id}",
  ])("is accepted where it cannot be: %s", (source) => {
    const key = source.includes("userId") ? "{userId}" : "{id}";
    expect(wrap(make(source), { cache, key }).key).toBeTypeOf("function");
  });
});
