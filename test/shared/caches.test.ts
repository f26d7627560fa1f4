// createCaches: several caches with bounds and times of their own, on one client and one subscription.

import { expect, test } from "vitest";
import { createCaches, memoryTier, type Caches, type TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DONE, eventually, redisStats, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** How many clients the server has, besides whoever asks. */
async function connections(): Promise<number> {
  const list = String(await world.server.command("CLIENT", "LIST"));
  return list.trim().split("\n").length - 2;
}

/** Caches with their names: nobody else is connected when this begins. */
async function two(): Promise<{ caches: Caches; images: TieredCacheManager; users: TieredCacheManager }> {
  await waitUntil(async () => (await connections()) === 0, { what: "the caches of earlier tests are gone" });
  const caches = createCaches({ tiers: [memoryTier({ maxEntries: 100 }), redisTier(world.at)], ttl: 50_000 });
  world.atEnd(() => caches.close());
  const images = caches.create(world.newName(), { ttl: 5_000, tiers: [memoryTier({ maxEntries: 2 })] });
  const users = caches.create(world.newName());
  await Promise.all([untilLive(images), untilLive(users)]);
  return { caches, images, users };
}

test("they share two connections", async () => {
  const { images, users } = await two();
  await Promise.all([images.set("k", 1), users.set("k", 2)]);
  expect(await connections()).toBe(2);
});

test("each has its own bounds, its own times and its own entries", async () => {
  const { images, users } = await two();
  for (const cache of [images, users]) await cache.setMany({ x: cache.name, y: 2, z: 3 });
  const capacity = [images, users].map((cache) => cache.stats().tiers["memory"]);
  expect(capacity).toMatchObject([
    { capacity: 2, entries: 2, evictions: 1 },
    { capacity: 100, entries: 3, evictions: 0 },
  ]);
  expect(await images.ttl("x")).toBeLessThanOrEqual(5_000);
  expect(await users.ttl("x")).toBeGreaterThan(5_000);
  expect([await images.get("x"), await users.get("x")]).toEqual([images.name, users.name]);
  expect(await images.clear()).toEqual(DONE);
  expect([await images.get("x"), await users.get("x")]).toEqual([undefined, users.name]);
});

test("each hears what other processes do to it", async () => {
  const { images, users } = await two();
  const elsewhere = await world.open({ name: users.name });
  for (const cache of [images, users]) await cache.set("k", "old");
  expect(await elsewhere.get("k")).toBe("old");
  await elsewhere.set("k", "new");
  await eventually(() => users.get("k"), "new");
  expect(await images.get("k")).toBe("old");
});

test("they share one breaker: what one finds out, the others need not try", async () => {
  const proxy = await startProxy({ port: world.server.port });
  world.atEnd(() => proxy.stop());
  const caches = createCaches({ tiers: [memoryTier(), redisTier({ ...world.at, port: proxy.port, timeout: 500 })] });
  world.atEnd(() => caches.close());
  const [images, users] = [caches.create(world.newName()), caches.create(world.newName())];
  await Promise.all([untilLive(images), untilLive(users)]);
  const heal = proxy.toServer.blackHole();
  await Promise.all(["1", "2", "3", "4", "5"].map((key) => users.get(key)));
  await eventually(() => redisStats(users).breakers, { redis: "open" });
  expect([redisStats(images).breakers, await images.get("k", () => "own")]).toEqual([{ redis: "open" }, "own"]);
  expect(redisStats(images)).toMatchObject({ errors: 0 });
  expect(redisStats(images).refused).toBeGreaterThan(0);
  heal();
});

test("a name may be had once", async () => {
  const { caches, images } = await two();
  const refused = { code: "invalid_option", message: expect.stringContaining(images.name) as string };
  expect(() => caches.create(images.name)).toThrow(expect.objectContaining(refused));
  expect(await connections()).toBe(2);
});

test("closing one leaves the others as they are, and closing all ends the connections", async () => {
  const { caches, images, users } = await two();
  await users.set("k", "v");
  await images.close();
  await expect(images.get("k")).rejects.toMatchObject({ code: "closed" });
  expect([await users.set("k", "w"), await users.get("k"), users.stats().bus?.live]).toEqual([DONE, "w", true]);
  expect([await connections(), (await users.health()).status]).toEqual([2, "healthy"]);
  await caches.close();
  await waitUntil(async () => (await connections()) === 0, { what: "the connections are closed" });
  await expect(users.get("k")).rejects.toMatchObject({ code: "closed" });
});

test("a cache made after all the others were closed connects anew", async () => {
  const { caches } = await two();
  await caches.close();
  const late = caches.create(world.newName());
  await untilLive(late);
  expect([await late.set("k", 1), await connections()]).toEqual([DONE, 2]);
});

test("a cache may leave the common tier for one of its own", async () => {
  const { caches } = await two();
  const own = caches.create(world.newName(), { tiers: [redisTier({ ...world.at, keyPrefix: "own:" })] });
  await untilLive(own);
  await own.set("k", 1);
  expect([await world.raw.exists(`own:${own.name}:v:{:k}`), await connections()]).toEqual([1, 4]);
});

test("caches made one by one share nothing", async () => {
  await waitUntil(async () => (await connections()) === 0, { what: "the caches of earlier tests are gone" });
  const { a, b } = await world.pair();
  await Promise.all([a.set("k", 1), b.set("k", 2)]);
  expect(await connections()).toBe(4);
});

test("options of all are checked when they are made", () => {
  expect(() => createCaches({ name: "x" } as object)).toThrow(expect.objectContaining({ code: "invalid_option" }));
  expect(() => createCaches({ tiers: [redisTier({ host: "h", url: "redis://h" })] })).toThrow(
    expect.objectContaining({ code: "invalid_option" }),
  );
});
