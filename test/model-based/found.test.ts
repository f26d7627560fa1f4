// What the random commands have found, each in its smallest form.

import { expect, test } from "vitest";
import { TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { deferred } from "../support/deferred.ts";
import { drainMicrotasks, FakeClock } from "../support/fake-clock.ts";

const clock = new FakeClock();
const open = (options: CacheOptions = {}): TieredCacheManager =>
  new TieredCacheManager({ clock, ttl: 1_000, staleWhileRevalidate: 500, random: () => 0, ...options });
const never = (): Promise<never> => new Promise(() => undefined);

test("deleteMatching counts an entry only if it could still be served", async () => {
  const cache = open();
  await cache.set("ended", 1, { tags: ["t"] });
  await cache.set("expired", 1, { ttl: 10, staleWhileRevalidate: 0 });
  await cache.set("fresh", 1);
  await cache.invalidateTags(["t"]);
  await clock.advance(10);
  expect(await cache.deleteMatching("*")).toMatchObject({ deleted: 1 });
});

test("P12 begins no background refresh after close() that was waiting for its turn", async () => {
  const cache = open({ refreshConcurrency: 1 });
  const first = deferred<number>();
  const calls: string[] = [];
  await cache.setMany({ a: 1, b: 1 }, { ttl: 0 });
  await cache.get("a", () => first.promise);
  await cache.get("b", () => calls.push("b"));
  await drainMicrotasks();
  const closing = cache.close();
  first.resolve(2);
  await closing;
  await drainMicrotasks();
  expect(calls).toEqual([]);
});

test("P12 begins no refresh after close() for a caller that must read again", async () => {
  const cache = open();
  const first = deferred<number>();
  const calls: string[] = [];
  void cache.get("a", async ({ setTags }) => {
    const value = await first.promise;
    setTags(["t"]);
    return value;
  });
  await cache.invalidateTags(["t"]);
  const second = cache.get("a", () => calls.push("second"));
  const closing = cache.close();
  first.resolve(1);
  await expect(second).rejects.toMatchObject({ code: "closed" });
  await closing;
  expect(calls).toEqual([]);
});

test("P3 a refresh that waited for its turn is not shown a stale value that was invalidated meanwhile", async () => {
  const cache = open({ refreshConcurrency: 1 });
  const seen: unknown[] = [];
  await cache.set("other", 1, { ttl: 0 });
  await cache.set("a", "invalidated", { ttl: 0, tags: ["t"] });
  await cache.get("other", never);
  await cache.get<unknown>("a", ({ stale }) => seen.push(stale));
  await cache.invalidateTags(["t"]);
  await cache.get("a", never);
  expect(seen).toEqual([undefined]);
});

test("a caller who must read again, and then finds a stale value, has it refreshed behind", async () => {
  const cache = open();
  const first = deferred<number>();
  void cache.get("a", async ({ setTags }) => {
    const value = await first.promise;
    setTags(["t"]);
    return value;
  });
  await cache.invalidateTags(["t"]);
  const second = cache.get<unknown>("a", () => "refreshed");
  await cache.set("a", "set");
  await cache.markStale("a");
  first.resolve(1);
  expect(await second).toBe("set");
  await drainMicrotasks();
  expect(await cache.get("a")).toBe("refreshed");
});

test("markStale() asks for a try at once, like its relatives, also of an entry that is past its stale window", async () => {
  const cache = open({ staleIfError: 5_000 });
  const fails = (): Promise<never> => Promise.reject(new Error("away"));
  await cache.set("a", "rescue");
  await clock.advance(2_000);
  expect(await cache.get("a", fails)).toBe("rescue");
  await cache.markStale("a");
  expect(await cache.get<unknown>("a", () => "refreshed")).toBe("refreshed");
});

test("keys() and deleteMatching() agree with has() about entries older than the maxAge of the cache", async () => {
  const cache = open({ maxAge: 100 });
  await cache.set("a", 1);
  await clock.advance(100);
  const keys: string[] = [];
  for await (const key of cache.keys()) keys.push(key);
  expect(await cache.has("a")).toBe(false);
  expect(keys).toEqual([]);
  expect(await cache.deleteMatching("*")).toMatchObject({ deleted: 0 });
});
