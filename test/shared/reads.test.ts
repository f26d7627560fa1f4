// Reading over Redis: what one process has stored, another one finds, whatever the verb and whatever the shape.

import { describe, expect, test } from "vitest";
import { collect } from "../support/cache.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, instantsAt, keyOf } from "./frames.ts";
import {
  eventually,
  isRedisFirst,
  never,
  redisStats,
  REDIS_ALONE,
  SHAPES,
  SharedWorld,
  tierNames,
  IS_SQLITE,
} from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

describe.each(SHAPES)("%s", (_shape, shape) => {
  const tierOf = isRedisFirst(shape) ? "redis" : "memory";

  test("get without a refresh gives what another process has set, and undefined for what nobody has", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", { price: 5 });
    expect([await a.get("k"), await b.get("k"), await b.get("k"), await b.get("other")]).toEqual([
      { price: 5 },
      { price: 5 },
      { price: 5 },
      undefined,
    ]);
  });

  test("get with a refresh stores for all: only the first process calls it", async () => {
    const { a, b } = await world.pair({ shape });
    expect(await a.get("k", () => "loaded")).toBe("loaded");
    expect([await a.get("k", never), await b.get("k", never), await b.getOrSet("k", never)]).toEqual([
      "loaded",
      "loaded",
      "loaded",
    ]);
    expect(await b.getOrSet("other", () => null)).toBeNull();
    expect(await a.getOrSet("other", never)).toBeNull();
  });

  test("P1 many callers of one key in one process share a refresh and its rejection", async () => {
    const { a } = await world.pair({ shape });
    let calls = 0;
    const failure = new Error("no database");
    const load = (): Promise<string> => {
      calls++;
      return Promise.reject(failure);
    };
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => a.get("k", load)));
    expect(new Set(settled.map((one) => one.status === "rejected" && one.reason === failure))).toEqual(new Set([true]));
    expect([calls, await a.get("k")]).toEqual([1, undefined]);
  });

  test("P2 two processes refresh a key once between them", async () => {
    const { a, b } = await world.pair({ shape });
    const gate = deferred<string>();
    let calls = 0;
    const load = (): Promise<string> => {
      calls++;
      return gate.promise;
    };
    const both = [a.get("k", load), b.get("k", load)];
    await eventually(() => calls, 1);
    await eventually(async () => (await world.raw.keys(`*${a.name}:l:*`)).length, 1);
    gate.resolve("once");
    expect(await Promise.all(both)).toEqual(["once", "once"]);
    expect(calls).toBe(1);
    const { spared } = a.stats().refreshes;
    expect(spared + b.stats().refreshes.spared).toBe(1);
  });

  test("getEntry shows the tier that has it, and the instants of Redis", async () => {
    const { name, a, b } = await world.pair({ shape, staleIfError: 180_000 });
    await a.set("k", "v", { tags: ["x", "y"] });
    const stored = await instantsAt(world.raw, keyOf(name, "k"));
    const first = await b.getEntry("k");
    const second = await b.getEntry("k");
    expect(first).toMatchObject({
      key: "k",
      namespace: undefined,
      fullKey: keyOf(name, "k"),
      value: "v",
      state: "fresh",
      tier: "redis",
      tags: ["x", "y"],
    });
    expect([second?.tier, (await a.getEntry("k"))?.tier]).toEqual([tierOf, tierOf]);
    for (const entry of [first, second, await a.getEntry("k")]) {
      if (entry === undefined) throw new Error("there is an entry");
      // The server is on the same machine; how far its clock is off is known to within a round trip.
      expect(Math.abs(entry.createdAt - stored.createdAt)).toBeLessThan(1_000);
      const spans = [entry.freshUntil, entry.staleUntil, entry.errorUntil].map((until) => until - entry.createdAt);
      expect(spans.map(Math.round)).toEqual([60_000, 120_000, 240_000]);
    }
    expect(await b.getEntry("other")).toBeUndefined();
  });

  test("has and ttl know what another process has stored, and count as no use of it", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", 1, { ttl: 30_000 });
    const requests = b.stats().requests;
    const found = await b.has("k");
    const ttl = await b.ttl("k");
    expect([found, await b.has("other"), await b.ttl("other")]).toEqual([true, false, undefined]);
    expect(ttl).toBeGreaterThan(20_000);
    expect(ttl).toBeLessThanOrEqual(30_000);
    expect(b.stats().requests).toBe(requests);
    await a.set("old", 1, { ttl: 1_000 });
    await age(world.raw, keyOf(name, "old"), 2_000);
    expect([await b.has("old"), await b.ttl("old"), (await b.getEntry("old"))?.state]).toEqual([true, 0, "stale"]);
  });

  test("a rescue entry is nothing to get, has, ttl, getEntry and keys", async () => {
    const { name, a, b } = await world.pair({ shape, ttl: 1_000, staleWhileRevalidate: 0, staleIfError: 60_000 });
    await a.set("k", 1);
    await age(world.raw, keyOf(name, "k"), 2_000);
    expect([await b.get("k"), await b.has("k"), await b.ttl("k"), await b.getEntry("k")]).toEqual([
      undefined,
      false,
      undefined,
      undefined,
    ]);
    expect(await collect(b.keys())).toEqual([]);
  });

  test.skipIf(IS_SQLITE)("getSync gives what memory has, and asks nobody", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", "v");
    expect(b.getSync("k")).toBeUndefined();
    await b.get("k");
    expect([b.getSync("k"), a.getSync("k")]).toEqual(shape === REDIS_ALONE ? [undefined, undefined] : ["v", "v"]);
  });

  test("stats say where hits came from", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", "v");
    const before = redisStats(b);
    await b.get("k");
    await b.get("k");
    await b.get("other");
    const after = redisStats(b);
    expect([after.hits.fresh - before.hits.fresh, after.misses - before.misses]).toEqual([
      isRedisFirst(shape) ? 2 : 1,
      1,
    ]);
    expect(b.stats()).toMatchObject({ hits: { fresh: 2, stale: 0, rescue: 0 }, misses: 1, bus: { live: true } });
    expect(after).toMatchObject({ errors: 0, refused: 0, pending: 0, breakers: { redis: "closed" } });
    expect(Object.keys(b.stats().tiers)).toEqual(tierNames(shape));
  });

  test("maxAge of a call leaves out what is older, wherever it is", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", "old");
    await age(world.raw, keyOf(name, "k"), 5_000);
    expect([await b.get("k", { maxAge: 4_000 }), await b.has("k", { maxAge: 4_000 })]).toEqual([undefined, false]);
    expect([await b.get("k", { maxAge: 30_000 }), await b.get("k")]).toEqual(["old", "old"]);
    expect(await b.get("k", () => "new", { maxAge: 4_000 })).toBe("new");
    await eventually(() => a.get("k"), "new");
  });
});
