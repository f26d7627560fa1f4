// Writing and ending single entries over Redis: what resolves is done for all processes.

import { describe, expect, test } from "vitest";
import { startProxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, instantsAt, keyOf } from "./frames.ts";
import { DONE, eventually, never, REDIS_ALONE, redisStats, SHAPES, SharedWorld, IS_SQLITE } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

describe.each(SHAPES)("%s", (_shape, shape) => {
  const hasMemory = shape !== REDIS_ALONE;

  test("set is in Redis when it resolves, with its instants and an expiry, and in memory", async () => {
    const { name, a, b } = await world.pair({ shape });
    expect(await a.set("k", "v", { ttl: 10_000, staleWhileRevalidate: 5_000, staleIfError: 20_000 })).toEqual(DONE);
    const { createdAt, ...until } = await instantsAt(world.raw, keyOf(name, "k"));
    expect(Object.values(until).map((instant) => instant - createdAt)).toEqual([10_000, 15_000, 30_000]);
    const expiry = await world.raw.pttl(keyOf(name, "k"));
    expect(expiry).toBeGreaterThan(20_000);
    expect(expiry).toBeLessThanOrEqual(30_000);
    expect([a.getSync("k"), await b.get("k", never)]).toEqual([hasMemory || IS_SQLITE ? "v" : undefined, "v"]);
  });

  test("set for ever leaves no expiry", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", "v", { ttl: "forever" });
    expect(await world.raw.pttl(keyOf(name, "k"))).toBe(-1);
    expect([await b.get("k"), await b.ttl("k")]).toEqual(["v", Infinity]);
  });

  test("set takes the place of what other processes have in memory", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", 1);
    expect(await b.get("k")).toBe(1);
    await a.set("k", 2);
    expect(await a.get("k")).toBe(2);
    await eventually(() => b.get("k"), 2);
    await b.set("k", 3);
    expect(await b.get("k")).toBe(3);
    await eventually(() => a.get("k"), 3);
  });

  test("set and setMany bring what validate accepts, however often", async () => {
    const { a, b } = await world.pair({ shape, validate: () => undefined });
    for (let value = 1; value <= 3; value++) {
      expect([await a.set("k", value), await a.setMany({ k: value, l: value })]).toEqual([DONE, DONE]);
      await eventually(() => b.getMany(["k", "l"]), [value, value]);
    }
    expect([(await a.delete("k")).existed, await a.get("k")]).toEqual([true, undefined]);
  });

  test("set with no lifetime at all ends what was there", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", 1);
    await b.get("k");
    expect(await a.set("k", 2, { ttl: 0, staleWhileRevalidate: 0 })).toEqual(DONE);
    expect([await a.get("k"), await world.raw.exists(keyOf(name, "k"))]).toEqual([undefined, 0]);
    await eventually(() => b.get("k"), undefined);
  });

  test.each<[string, Iterable<readonly [string, number]> | Record<string, number>]>([
    ["pairs", [["x", 1] as const, ["y", 2] as const]],
    ["a Map", new Map([["x", 1] as const, ["y", 2] as const])],
    ["an object", { x: 1, y: 2 }],
  ])("setMany stores %s, with one set of options for all", async (_kind, entries) => {
    const { a, b } = await world.pair({ shape });
    expect(await a.setMany(entries, { namespace: "n", tags: ["t"] })).toEqual(DONE);
    expect(await b.getMany(["x", "y"], { namespace: "n" })).toEqual([1, 2]);
    expect((await b.getEntry("y", { namespace: "n" }))?.tags).toEqual(["t"]);
  });

  test("delete and invalidate end an entry everywhere, and say whether there was one", async () => {
    const { name, a, b } = await world.pair({ shape });
    for (const verb of ["delete", "invalidate"] as const) {
      await a.set("k", 1);
      expect(await b.get("k")).toBe(1);
      // The other one may have no copy of it: Redis knows.
      expect(await b[verb]("k")).toEqual({ ...DONE, existed: true });
      expect([await b.get("k"), await world.raw.exists(keyOf(name, "k"))]).toEqual([undefined, 0]);
      await eventually(() => a.get("k"), undefined);
      expect(await a[verb]("k")).toEqual({ ...DONE, existed: false });
    }
    await a.set("unseen", 1);
    expect(await b.delete("unseen")).toEqual({ ...DONE, existed: true });
  });

  test("deleteMany ends several, and counts those there were", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany({ x: 1, y: 2, z: 3 });
    await b.get("x");
    expect(await b.deleteMany(["x", "y", "gone"])).toEqual({ ...DONE, deleted: 2 });
    await eventually(() => a.getMany(["x", "y", "z"]), [undefined, undefined, 3]);
    expect(await b.deleteMany([])).toEqual({ ...DONE, deleted: 0 });
  });

  // It says `none`: that there is no shared tier.
  test("setMany of nothing is done", async () => {
    const { a } = await world.pair({ shape });
    expect(await a.setMany({})).toEqual(DONE);
  });

  test.skipIf(IS_SQLITE)("setSync is pending: Redis gets it behind", async () => {
    const { a, b } = await world.pair({ shape });
    expect(a.setSync("k", "v", { tags: ["t"] })).toEqual({ authority: "pending" });
    await eventually(() => b.get("k"), "v");
    await eventually(() => a.get("k"), "v");
    expect((await b.getEntry("k"))?.tags).toEqual(["t"]);
    expect(redisStats(a).pending).toBe(0);
  });

  test.runIf(hasMemory)("what setSync has set is read back at once in this process", async () => {
    const { a } = await world.pair({ shape });
    await a.set("k", "old");
    a.setSync("k", "new");
    expect([a.getSync("k"), await a.get("k"), await a.get("k", never)]).toEqual(["new", "new", "new"]);
    a.deleteSync("k");
    expect([a.getSync("k"), await a.get("k")]).toEqual([undefined, undefined]);
  });

  test.skipIf(IS_SQLITE)("deleteSync is pending: gone from memory at once, from Redis behind", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", "v");
    expect(await b.get("k")).toBe("v");
    expect(a.deleteSync("k")).toEqual({ authority: "pending", existed: hasMemory });
    expect(a.getSync("k")).toBeUndefined();
    await eventually(() => b.get("k"), undefined);
    expect([await world.raw.exists(keyOf(name, "k")), redisStats(a).pending]).toEqual([0, 0]);
  });

  test.skipIf(IS_SQLITE)("P12 close waits for what setSync and deleteSync have begun", async () => {
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    const { a, b } = await world.pair({ shape, redis: { port: proxy.port } }, { redis: {} });
    await a.setMany({ old: 1, k: 1 });
    const onItsWay = proxy.toServer.hold();
    // The tag is new: its epoch is asked for before the value is sent.
    a.setSync("k", "v", { tags: ["new"] });
    a.deleteSync("old");
    let isOver = false;
    const closing = a.close().then(() => (isOver = true));
    await onItsWay.caught();
    expect([isOver, await b.getMany(["k", "old"], { tiers: { memory: false } })]).toEqual([false, [1, 1]]);
    onItsWay.release();
    await closing;
    await eventually(() => b.getMany(["k", "old"]), ["v", undefined]);
  });

  test("cleanupExpired removes from memory what nobody can use, and leaves Redis to its own expiry", async () => {
    const { name, a } = await world.pair({ shape, ttl: 20, staleWhileRevalidate: 0 });
    await a.setMany({ x: 1, y: 2 });
    await a.set("long", 3, { ttl: 60_000 });
    await eventually(() => world.raw.exists(keyOf(name, "x"), keyOf(name, "y")), 0);
    let removed = 0;
    await eventually(async () => (removed += await a.cleanupExpired()), hasMemory ? 2 : 0);
    expect([await a.get("long"), await a.cleanupExpired()]).toEqual([3, 0]);
  });

  test("an entry lives by the clock of Redis, from when Redis stored it", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", "v", { ttl: 1_000, staleWhileRevalidate: 1_000 });
    await age(world.raw, keyOf(name, "k"), 2_500);
    expect([await b.get("k"), await b.has("k")]).toEqual([undefined, false]);
  });

  test("what is called in a row reaches the shared tier in that order, awaited or not", async () => {
    const { a, b } = await world.pair({ shape });
    const calls = [a.set("k", 1), a.delete("k"), a.set("k", 2), a.markStale("k"), a.delete("k"), a.set("k", 3)];
    expect(a.setSync("k", 4).authority).not.toBe("none");
    await Promise.all(calls);
    await eventually(() => a.get("k"), 4);
    await eventually(() => b.get("k"), 4);
    await Promise.all([a.set("k", 5), a.delete("k")]);
    for (const cache of [a, b]) await eventually(() => cache.get("k"), undefined);
  });
});
