// How long an entry lives in each tier: negative values, ttl functions, jitter, and bounds of single tiers and calls.

import type { TierStats } from "../../src/index.ts";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, instantsAt, keyOf } from "./frames.ts";
import {
  eventually,
  never,
  REDIS_ALONE,
  SHAPES_READING_REDIS,
  SHAPES_WITHOUT_COPIES,
  SharedWorld,
  IS_SQLITE,
} from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** How long Redis keeps an entry fresh, stale and for rescue, from its creation. */
async function spansOf(name: string, key: string): Promise<number[]> {
  const { createdAt, ...until } = await instantsAt(world.raw, keyOf(name, key));
  return Object.values(until).map((instant) => instant - createdAt);
}

describe.each(SHAPES_READING_REDIS)("%s", (_shape, shape) => {
  test("negativeTtl bounds null for all processes, without stale windows", async () => {
    const { name, a, b } = await world.pair({ shape, negativeTtl: 2_000, staleIfError: 90_000 });
    expect(await a.get("k", () => null)).toBeNull();
    await a.set("set", null);
    await a.set("value", 1);
    expect(await Promise.all(["k", "set", "value"].map((key) => spansOf(name, key)))).toEqual([
      [2_000, 2_000, 2_000],
      [2_000, 2_000, 2_000],
      [60_000, 120_000, 150_000],
    ]);
    expect(await b.get("k", never)).toBeNull();
    await age(world.raw, keyOf(name, "set"), 2_500);
    expect(await b.get("set", () => "there now")).toBe("there now");
  });

  test("isNegative says which values are negative", async () => {
    const { name, a } = await world.pair({ shape, negativeTtl: 2_000, isNegative: (value) => value === "none" });
    await a.setMany({ x: "none", y: null });
    expect([(await spansOf(name, "x"))[0], (await spansOf(name, "y"))[0]]).toEqual([2_000, 60_000]);
  });

  test("ttl may be a function of the value", async () => {
    const { name, a, b } = await world.pair({ shape });
    const ttl = (value: { readonly seconds: number }): number => value.seconds * 1_000;
    await a.set("set", { seconds: 7 }, { ttl });
    await a.get("got", () => ({ seconds: 8 }), { ttl });
    await a.getMany(["many"], () => [{ seconds: 9 }], { ttl });
    const spans = await Promise.all(["set", "got", "many"].map((key) => spansOf(name, key)));
    expect(spans.map(([freshMs]) => freshMs)).toEqual([7_000, 8_000, 9_000]);
    expect(await b.ttl("got")).toBeLessThanOrEqual(8_000);
  });

  test("a refresh may set the lifetimes of what it gives", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.get("k", ({ setOptions }) => {
      setOptions({ ttl: "3s", staleWhileRevalidate: 0, staleIfError: "5s" });
      return "v";
    });
    expect([await spansOf(name, "k"), await b.get("k")]).toEqual([[3_000, 3_000, 8_000], "v"]);
  });

  test("jitter shortens freshness by chance, alike in memory and in Redis", async () => {
    const { name, a, b } = await world.pair({ shape, jitter: 0.5, random: () => 0.5 });
    await a.set("k", "v");
    expect(await spansOf(name, "k")).toEqual([45_000, 105_000, 105_000]);
    for (const cache of [a, b]) {
      const ttl = await cache.ttl("k");
      expect(ttl).toBeLessThanOrEqual(45_000);
      expect(ttl).toBeGreaterThan(30_000);
    }
  });

  test("maxAge of the Redis tier bounds what is written to it, and what is read from it", async () => {
    const { name, a, b } = await world.pair({ shape, redis: { maxAge: 10_000 } });
    await a.set("k", "v");
    expect([await spansOf(name, "k"), await world.raw.pttl(keyOf(name, "k"))]).toEqual([
      [10_000, 10_000, 10_000],
      expect.closeTo(10_000, -4),
    ]);
    expect(await b.get("k", never)).toBe("v");
    // A release of the program with other settings has stored it for longer.
    const longer = await world.open({ shape, name });
    await longer.set("old", "v");
    await age(world.raw, keyOf(name, "old"), 11_000);
    expect([await b.get("old"), await b.has("old"), await longer.get("old", { tiers: { memory: false } })]).toEqual([
      undefined,
      false,
      "v",
    ]);
  });

  test("maxAge of one call bounds what it writes to Redis, and what it takes from there", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("set", "v", { tiers: { redis: { maxAge: 4_000 } } });
    await a.get("got", () => "v", { tiers: { redis: { maxAge: "5s" } } });
    expect([await spansOf(name, "set"), await spansOf(name, "got")]).toEqual([
      [4_000, 4_000, 4_000],
      [5_000, 5_000, 5_000],
    ]);
    await a.setMany({ x: "old", y: "old" });
    for (const key of ["x", "y"]) await age(world.raw, keyOf(name, key), 6_000);
    const young = { tiers: { redis: { maxAge: 5_000 } } };
    expect([await b.get("x", young), await b.getMany(["y"], young)]).toEqual([undefined, [undefined]]);
    expect(await b.get("x", { tiers: { redis: { maxAge: 20_000 } } })).toBe("old");
  });

  // They look only at the bound of the memory tier.
  test("maxAge of one call for Redis counts for has, ttl and getEntry as for get", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("k", "old");
    await age(world.raw, keyOf(name, "k"), 6_000);
    const young = { tiers: { redis: { maxAge: 5_000 } } };
    expect([await b.get("k", young), await b.ttl("k", young)]).toEqual([undefined, undefined]);
    expect([await b.has("k", young), await b.getEntry("k", young)]).toEqual([false, undefined]);
  });

  test("redis: false leaves Redis out, in both directions", async () => {
    const { name, a, b } = await world.pair({ shape });
    await b.set("k", "shared");
    const alone = { tiers: { redis: false } } as const;
    expect(await a.get("k", alone)).toBeUndefined();
    let calls = 0;
    const load = (): string => `own ${++calls}`;
    const values = [await a.get("own", load, alone), await a.get("own", load, alone)];
    expect(values).toEqual(shape === REDIS_ALONE ? ["own 1", "own 2"] : ["own 1", "own 1"]);
    expect(await a.set("own", "set", alone)).toEqual({ authority: "none" });
    expect([await world.raw.exists(keyOf(name, "own")), await b.get("own")]).toEqual([0, undefined]);
  });

  test.skipIf(IS_SQLITE)("memory: false leaves memory out, in both directions", async () => {
    const { a, b } = await world.pair({ shape });
    const far = { tiers: { memory: false } } as const;
    await a.set("k", "v", far);
    expect([a.getSync("k"), await b.get("k", never, far), b.getSync("k")]).toEqual([undefined, "v", undefined]);
    expect((await b.getEntry("k", far))?.tier).toBe("redis");
    expect([await b.get("k"), b.getSync("k")]).toEqual(["v", shape === REDIS_ALONE ? undefined : "v"]);
    await b.get("other", () => "w", far);
    expect([b.getSync("other"), await a.get("other", never)]).toEqual([undefined, "w"]);
  });
});

describe.each(SHAPES_WITHOUT_COPIES.filter(([, shape]) => shape !== REDIS_ALONE))("%s", (_shape, shape) => {
  test.skipIf(IS_SQLITE)(
    "maxAge of the memory tier bounds copies there, from when they came: then Redis is asked again",
    async () => {
      const { name, a, b } = await world.pair({ shape, memory: { maxAge: 300 } });
      await a.set("k", "v");
      await age(world.raw, keyOf(name, "k"), 10_000);
      expect([await b.get("k"), b.getSync("k")]).toEqual(["v", "v"]);
      const { hits } = tier(b.stats().tiers["redis"]);
      await eventually(() => b.getSync("k"), undefined);
      expect([await b.get("k", never), tier(b.stats().tiers["redis"]).hits]).toEqual(["v", hits + 1]);
      expect((await spansOf(name, "k"))[0]).toBe(60_000);
      await eventually(() => a.getSync("k"), undefined);
      expect(await a.get("k", never)).toBe("v");
    },
  );

  test.skipIf(IS_SQLITE)(
    "maxAge of one call for memory has an older copy verified, and bounds the one it puts there",
    async () => {
      const { a, b } = await world.pair({ shape });
      await a.set("k", "v", { tiers: { memory: { maxAge: 200 } } });
      await b.get("k", { tiers: { memory: { maxAge: 200 } } });
      for (const cache of [a, b]) await eventually(() => cache.getSync("k"), undefined);
      expect([await a.get("k", never), await b.get("k", never), a.getSync("k")]).toEqual(["v", "v", "v"]);
      const hits = tier(a.stats().tiers["redis"]).hits;
      expect(await a.get("k", { tiers: { memory: { maxAge: 1 } } })).toBe("v");
      expect(tier(a.stats().tiers["redis"]).hits).toBe(hits + 1);
    },
  );
});

function tier(stats: TierStats | undefined): { readonly hits: number } {
  if (stats === undefined) throw new Error("the cache has no such tier");
  return { hits: stats.hits.fresh };
}
