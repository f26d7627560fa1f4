// enabled: false: as if there were no cache, with the same verbs and the same answers.

import { describe, expect, test } from "vitest";
import { memoryTier, type RefreshContext } from "../../src/index.ts";
import { collect, createCache } from "../support/cache.ts";

const WAYS = [
  ["the cache", { enabled: false }],
  ["its only tier", { tiers: [memoryTier({ enabled: false })] }],
] as const;

describe.each(WAYS)("with %s disabled", (_way, options) => {
  test("get calls its refresh every time", async () => {
    const { cache } = createCache(options);
    let n = 0;
    const context = await cache.get<RefreshContext>("k", (given) => given, { namespace: "n" });
    expect(context).toMatchObject({ key: "k", namespace: "n", stale: undefined });
    expect(context.signal.aborted).toBe(false);
    expect(await cache.get("k", () => ++n)).toBe(1);
    expect(await cache.get("k", () => ++n)).toBe(2);
    expect(await cache.get("k", ({ skip }) => skip("v"))).toBe("v");
    await expect(cache.get("k", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
  });

  test("nothing is stored, and nothing found", async () => {
    const { cache } = createCache(options);
    expect(await cache.set("k", "v")).toEqual({ authority: "none" });
    await cache.setMany({ k: "v" });
    cache.setSync("k", "v");
    expect(await cache.get("k")).toBeUndefined();
    expect(cache.getSync("k")).toBeUndefined();
    expect(await cache.has("k")).toBe(false);
    expect(await cache.delete("k")).toMatchObject({ existed: false });
    expect(await collect(cache.keys())).toEqual([]);
    expect(await cache.getMany(["k"])).toEqual([undefined]);
    await cache.clear();
    expect(await cache.cleanupExpired()).toBe(0);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 0 });
  });

  test("getMany calls its refresh for all keys, in order, each once", async () => {
    const { cache } = createCache(options);
    const asked: string[][] = [];
    const refresh = (keys: string[]) => (asked.push(keys), keys.map((key) => key.toUpperCase()));
    expect(await cache.getMany(["b", "a"], refresh)).toEqual(["B", "A"]);
    expect(await cache.getMany(["b", "a", "b"], refresh)).toEqual(["B", "A", "B"]);
    expect(asked).toEqual([
      ["b", "a"],
      ["b", "a"],
    ]);
  });

  test("getMany of no keys does not call its refresh", async () => {
    const { cache } = createCache(options);
    let calls = 0;
    expect(await cache.getMany([], () => (calls++, []))).toEqual([]);
    expect(calls).toBe(0);
  });

  test("getMany gives its refresh the same context, and takes every form of result", async () => {
    const { cache } = createCache(options);
    const got = await cache.getMany<unknown>(["a", "b"], (_keys, { stale, signal, namespace, setTags, setOptions }) => {
      setTags("a", ["t"]);
      setOptions("a", { ttl: 1 });
      return new Map([["a", [stale.size, signal.aborted, namespace]]]);
    });
    expect(got).toEqual([[0, false, undefined], undefined]);
    await expect(cache.getMany(["a"], () => ["x", "y"])).rejects.toMatchObject({ code: "invalid_value" });
  });

  test("bad input is refused all the same", async () => {
    const { cache } = createCache(options);
    await expect(cache.get("", () => 1)).rejects.toMatchObject({ code: "invalid_key" });
    await expect(cache.get("k", () => 1, { ttl: -1 })).rejects.toMatchObject({ code: "invalid_option" });
    await expect(cache.set("k", undefined)).rejects.toMatchObject({ code: "invalid_value" });
    await expect(cache.get("k", ({ setTags }) => setTags([""]))).rejects.toMatchObject({ code: "invalid_key" });
    await expect(cache.get("k", ({ notModified }) => notModified())).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test("a signal that is aborted already calls nothing; a later one reaches the refresh", async () => {
    const { cache } = createCache(options);
    let calls = 0;
    const signal = AbortSignal.abort(new Error("gone"));
    await expect(cache.get("k", () => ++calls, { signal })).rejects.toThrow("gone");
    expect(calls).toBe(0);
    const controller = new AbortController();
    const got = await cache.get<AbortSignal>("k", (context) => context.signal, { signal: controller.signal });
    controller.abort();
    expect(got.aborted).toBe(true);
  });
});
