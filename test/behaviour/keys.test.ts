// keys(): an iterator over what is fresh or stale, also while the cache is in use.

import { describe, expect, test } from "vitest";
import { collect, createCache } from "../support/cache.ts";

const KEYS = ["a", "b", "c", "d", "e"];

async function filled() {
  const { cache, clock } = createCache();
  await cache.setMany(KEYS.map((key) => [key, key] as const));
  return { cache, clock };
}

describe("keys", () => {
  test("lists fresh and stale entries of the namespace, by prefix", async () => {
    const { cache, clock } = createCache();
    await cache.setMany({ "user:1": 1, "user:2": 1, "post:1": 1 });
    await cache.set("user:3", 1, { namespace: "n" });
    await clock.advance(1_200);
    await cache.set("user:4", 1, { tags: ["t"] });
    await cache.invalidateTags(["t"]);
    expect((await collect(cache.keys())).toSorted()).toEqual(["post:1", "user:1", "user:2"]);
    expect((await collect(cache.keys({ prefix: "user:" }))).toSorted()).toEqual(["user:1", "user:2"]);
    expect(await collect(cache.keys({ prefix: "ser:" }))).toEqual([]);
    expect(await collect(cache.keys({ namespace: "n", prefix: "" }))).toEqual(["user:3"]);
    await clock.advance(300);
    expect(await collect(cache.keys())).toEqual([]);
  });

  test.each([
    ["get", (cache: Cache, key: string) => cache.get(key)],
    ["getSync", (cache: Cache, key: string) => cache.getSync(key)],
    ["set", (cache: Cache, key: string) => cache.set(key, "again")],
    ["markStale", (cache: Cache, key: string) => cache.markStale(key)],
    ["delete", (cache: Cache, key: string) => cache.delete(key)],
    ["set of another key", (cache: Cache, key: string) => (key.length > 1 ? undefined : cache.set(`${key}2`, "new"))],
  ])("lists each key once and ends when every step does a %s", async (_name, use) => {
    const { cache } = await filled();
    const seen: string[] = [];
    for await (const key of cache.keys()) {
      seen.push(key);
      await use(cache, key);
      if (seen.length > 50) break;
    }
    expect(seen.filter((key) => KEYS.includes(key)).toSorted()).toEqual(KEYS);
  });

  test("goes through a clear, after which there is nothing more", async () => {
    const { cache } = await filled();
    const seen: string[] = [];
    for await (const key of cache.keys()) {
      seen.push(key);
      await cache.clear();
    }
    expect(seen).toHaveLength(1);
  });

  test("may be left early", async () => {
    const { cache } = await filled();
    for await (const key of cache.keys()) if (key !== "") break;
    expect(await collect(cache.keys())).toHaveLength(5);
  });
});

type Cache = Awaited<ReturnType<typeof filled>>["cache"];
