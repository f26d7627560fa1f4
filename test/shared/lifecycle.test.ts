// A cache over Redis as a whole: what it tells of itself and of others, and how it ends.

import { describe, expect, test } from "vitest";
import { TieredCacheManager, type CacheEvent } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { keyOf } from "./frames.ts";
import { watch } from "./monitor.ts";
import { DONE, eventually, heard, never, REDIS_ALONE, SHAPES, SharedWorld, tierNames, IS_SQLITE } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

describe.each(SHAPES)("%s", (_shape, shape) => {
  const isAlone = shape === REDIS_ALONE;

  test("health asks Redis how long it takes", async () => {
    const { a } = await world.pair({ shape });
    const { status, tiers, reasons } = await a.health();
    expect([status, reasons, Object.keys(tiers)]).toEqual(["healthy", [], tierNames(shape)]);
    const breakers = expect.objectContaining({}) as object;
    expect(tiers["redis"]).toEqual({
      status: "healthy",
      breakers,
      pending: 0,
      latencyMs: expect.any(Number) as number,
    });
    expect(tiers["redis"]?.latencyMs).toBeGreaterThan(0);
  });

  test("the tier goes by the name it was given", async () => {
    const cache = world.openAtOnce({ shape, name: world.newName(), redis: { name: "valkey" } });
    await cache.set("k", 1);
    const names = tierNames(shape).map((name) => (name === "redis" ? "valkey" : name));
    const near = names.includes("sqlite") ? { sqlite: false as const } : {};
    const far = await cache.getEntry("k", { tiers: { memory: false, ...near, valkey: { maxAge: "1h" } } });
    expect([far?.tier, Object.keys(cache.stats().tiers)]).toEqual(["valkey", names]);
    await expect(cache.get("k", { tiers: { redis: false } })).rejects.toMatchObject({ code: "invalid_option" });
  });

  test("events say what other processes invalidate", async () => {
    const { a, b } = await world.pair({ shape });
    const events: CacheEvent[] = [];
    b.on("invalidate", (event) => events.push(event));
    await a.set("set", 1, { namespace: "n" });
    await a.delete("k");
    await a.invalidateTags(["t"]);
    await a.markTagsStale(["t"]);
    await a.clearNamespace("n");
    await a.markNamespaceStale();
    await a.clear();
    await heard(a, b);
    const common = { type: "invalidate", remote: true, soft: false, namespace: undefined };
    expect(events.slice(0, -1)).toEqual([
      { ...common, target: "key", name: "set", namespace: "n" },
      { ...common, target: "key", name: "k" },
      { ...common, target: "tag", name: "t" },
      { ...common, target: "tag", name: "t", soft: true },
      { ...common, target: "namespace", name: "n" },
      { ...common, target: "namespace", name: undefined, soft: true },
      { ...common, target: "all", name: undefined },
    ]);
  });

  test("a process is told once of what it does itself, and not as if another had done it", async () => {
    const { a, b } = await world.pair({ shape });
    const events: CacheEvent[] = [];
    a.on("invalidate", (event) => events.push(event));
    await a.delete("k");
    await a.clearNamespace("n");
    await heard(b, a);
    expect(events.map((event) => event.type === "invalidate" && [event.name, event.remote])).toEqual([
      ["k", false],
      ["n", false],
      ["a key that nobody has", true],
    ]);
  });

  test("a listener that throws harms nobody, and is called no more once it is off", async () => {
    const { a } = await world.pair({ shape });
    const caught: unknown[] = [];
    a.on("listenerError", ({ error }) => caught.push(error));
    const stop = a.on("set", () => {
      throw new Error("a bad listener");
    });
    expect(await a.set("k", 1)).toEqual(DONE);
    stop();
    expect([await a.set("k", 2), caught]).toEqual([DONE, [new Error("a bad listener")]]);
  });

  test("stats count refreshes and sets of this process alone", async () => {
    const { a, b } = await world.pair({ shape });
    const before = b.stats().sets;
    await a.set("k", 1);
    await a.delete("k");
    await heard(a, b);
    await b.get("k", () => 2);
    await b.set("x", 1);
    const { sets, refreshes } = b.stats();
    const counts = { foreground: 1, background: 0, failed: 0, denied: 0, spared: 0, inFlight: 0 };
    expect([sets - before, refreshes]).toEqual([1, { ...refreshes, ...counts }]);
  });

  // They count what others do as well, though they say what this cache has done.
  test("stats count invalidations of this process alone", async () => {
    const { a, b } = await world.pair({ shape });
    const before = b.stats().invalidations;
    await a.delete("k");
    await heard(a, b);
    await b.clearNamespace("n");
    expect(b.stats().invalidations - before).toBe(1);
  });

  test("trackAccess counts what this process has served of an entry", async () => {
    const { a, b } = await world.pair({ shape, trackAccess: true });
    await a.set("k", "v");
    expect(await b.getEntry("k")).toMatchObject({ hitCount: 0 });
    for (let reads = 0; reads < 3; reads++) await b.get("k", never);
    const entry = await b.getEntry("k");
    // Without memory an entry is another one each time it is read.
    expect(entry?.hitCount).toBe(isAlone ? 0 : 3);
    expect(typeof entry?.lastAccessedAt).toBe(isAlone ? "undefined" : "number");
    expect(await a.getEntry("k")).toMatchObject({ hitCount: 0 });
  });

  test.skipIf(IS_SQLITE)("P12 close ends the connections, and every verb after it", async () => {
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    const cache = await world.open({ shape, name: world.newName(), redis: { port: proxy.port } });
    await cache.set("k", 1);
    expect(proxy.open).toBe(2);
    await cache.close();
    await cache.close();
    await waitUntil(() => proxy.open === 0, { what: "the connections are closed" });
    const closed = { code: "closed" };
    for (const verb of [
      () => cache.get("k"),
      () => cache.get("k", never),
      () => cache.set("k", 1),
      () => cache.delete("k"),
      () => cache.clear(),
      () => cache.getMany(["k"]),
      () => cache.has("k"),
      () => cache.invalidateTags(["t"]),
      () => cache.deleteMatching("*"),
    ])
      await expect(Promise.resolve().then(verb)).rejects.toMatchObject(closed);
    expect(() => cache.getSync("k")).toThrow(expect.objectContaining(closed));
    expect(await cache.health()).toMatchObject({ status: "down", reasons: ["the cache is closed"] });
    expect(cache.stats().bus?.live).toBe(false);
    expect(proxy.accepted).toBe(2);
  });

  test("P12 close waits for a refresh, whose value is in Redis then", async () => {
    const { a, b } = await world.pair({ shape });
    const { refresh, calls, call } = controlled();
    const loading = a.get("k", refresh);
    await eventually(() => calls.length, 1);
    const closing = a.close();
    call(0).resolve("stored in time");
    expect(await loading).toBe("stored in time");
    await closing;
    expect(await b.get("k", never)).toBe("stored in time");
  });

  test.skipIf(IS_SQLITE)(
    "P12 a refresh that takes longer than close may wait is aborted, stores nothing, and gives its lease back",
    async () => {
      const { name, a, b } = await world.pair({ shape });
      const { refresh, calls, call } = controlled();
      const loading = a.get("k", refresh).catch((error: unknown) => error);
      await eventually(() => calls.length, 1);
      const monitor = await watch(world.server);
      world.atEnd(() => monitor.close());
      await a.close({ timeout: 20 });
      expect([await loading, call(0).argument.signal.aborted]).toMatchObject([{ code: "closed" }, true]);
      const lease = keyOf(name, "k").replace(":v:", ":l:");
      expect(await monitor.commands()).toContain(`RELEASE ${lease}`);
      expect(await b.get("k", () => "at once")).toBe("at once");
      call(0).resolve("too late");
      expect(await b.get("k")).toBe("at once");
    },
  );

  test.skipIf(IS_SQLITE)("P12 await using closes it", async () => {
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    {
      const tier = redisTier({ ...world.at, port: proxy.port });
      await using cache = new TieredCacheManager({ name: world.newName(), tiers: [tier] });
      await cache.set("k", "v");
      expect(await cache.get("k")).toBe("v");
      await eventually(() => proxy.open, 2);
    }
    await waitUntil(() => proxy.open === 0, { what: "the connections are closed" });
  });
});
