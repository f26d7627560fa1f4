// What has to wait before it is sent, and what is called after it: in the order of the calls.

import { expect, describe, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { EPOCH } from "../../src/redis/epoch-scripts.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import {
  DONE,
  eventually,
  IS_SQLITE,
  REDIS_ALONE,
  SHAPES_WITHOUT_COPIES,
  SharedWorld,
  type OpenOptions,
} from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** So long that it is compressed on another thread. */
const LONG = "long ".repeat(100_000);
/** What each does to key `k` of namespace `n` with tag `t`. */
const ENDS: readonly (readonly [string, (cache: TieredCacheManager) => Promise<unknown>])[] = [
  ["invalidateTags", (cache) => cache.invalidateTags(["t"])],
  ["clearNamespace", (cache) => cache.clearNamespace("n")],
  ["clear", (cache) => cache.clear()],
  ["deleteMatching", (cache) => cache.deleteMatching("k*", { namespace: "n" })],
];
const MARKS: typeof ENDS = [
  ["markTagsStale", (cache) => cache.markTagsStale(["t"])],
  ["markNamespaceStale", (cache) => cache.markNamespaceStale("n")],
];
const WHERE = { namespace: "n", tags: ["t"] } as const;

/** Why a set cannot be sent at once. */
const WAITS: readonly (readonly [string, OpenOptions])[] = [
  ["its epochs are not known", {}],
  ["its value is being compressed", { redis: { compression: "gzip" } }],
];

describe.each(SHAPES_WITHOUT_COPIES)("%s", (_name, shape) => {
  describe.each(WAITS)("where %s", (_why, options) => {
    test.each(ENDS)("P3 %s ends what was set before it in the same turn", async (_verb, end) => {
      const { a, b } = await world.pair({ ...options, shape });
      await Promise.all([a.set("k", LONG, WHERE), end(a)]);
      expect(await a.get("k", WHERE)).toBeUndefined();
      expect(await b.get("k", { ...WHERE, tiers: { memory: false } })).toBeUndefined();
    });

    test.each(MARKS)("P3 %s makes stale what was set before it in the same turn", async (_verb, mark) => {
      const { a, b } = await world.pair({ ...options, shape });
      await Promise.all([a.set("k", LONG, WHERE), mark(a)]);
      for (const cache of [a, b])
        expect(await cache.getEntry("k", WHERE)).toMatchObject({ value: LONG, state: "stale" });
    });
  });

  test.each([
    ["deleteSync", (cache: TieredCacheManager) => Promise.resolve(cache.deleteSync("k", { namespace: "n" }))],
    ["delete", (cache: TieredCacheManager) => cache.delete("k", { namespace: "n" })],
    ...ENDS.slice(0, 3),
  ] as const)("a read sees what %s before it has ended, though this cache has just been made", async (_verb, end) => {
    const { name, a } = await world.pair({ shape });
    await a.set("k", "old", WHERE);
    for (const read of ["get", "refresh"]) {
      const made = world.openAtOnce({ name, shape });
      const ending = end(made);
      const seen = read === "get" ? made.get("k", WHERE) : made.get("k", () => "new", WHERE);
      expect(await seen).toBe(read === "get" ? undefined : "new");
      await ending;
      await a.set("k", "old", WHERE);
      await made.close();
    }
  });

  test("P3 what is set after an invalidation in the same turn stays, whatever it waits for", async () => {
    const { a, b } = await world.pair({ redis: { compression: "gzip" }, shape });
    await Promise.all([a.invalidateTags(["t"]), a.clearNamespace("n"), a.set("k", LONG, WHERE)]);
    expect(await a.get("k", WHERE)).toBe(LONG);
    await eventually(() => b.get("k", WHERE), LONG);
  });

  test("P3 an invalidation ends what a set before it was to replace, though validate has not said yet if it may", async () => {
    const { a, b } = await world.pair({ shape, validate: (value) => Promise.resolve(value !== "bad") });
    await a.set("k", "old");
    await Promise.all([a.set("k", "new", { tags: ["t"] }), a.invalidateTags(["t"])]);
    expect(await a.get("k")).toBeUndefined();
    await eventually(() => b.get("k"), undefined);
  });
});

describe.each([["[memory]", undefined], ...SHAPES_WITHOUT_COPIES] as const)("%s", (_name, shape) => {
  test("P3 a set that validate has just accepted is ended by a delete, whichever moment that is called in", async () => {
    const kept: number[] = [];
    for (let moment = 0; moment < 8; moment++) {
      const verdict = deferred<boolean>();
      const options = { name: world.newName(), validate: () => verdict.promise };
      const cache = shape === undefined ? new TieredCacheManager(options) : await world.open({ ...options, shape });
      const setting = cache.set("k", "old");
      verdict.resolve(true);
      for (let past = 0; past < moment; past++) await Promise.resolve();
      await Promise.all([cache.delete("k"), setting]);
      if ((await cache.get("k")) !== undefined) kept.push(moment);
      await cache.close();
    }
    expect(kept).toEqual([]);
  });
});

test.runIf(IS_SQLITE)("what is asked at once does not overtake what has just been called", async () => {
  const { name, a } = await world.pair();
  for (const [verb, end] of ENDS.slice(0, 3)) {
    for (const call of ["getSync", "setSync", "deleteSync"] as const) {
      await a.set("k", "old", WHERE);
      const made = world.openAtOnce({ name });
      // By then it has the driver of the database as well, but has not asked for the clock.
      await (await world.open({ name })).close();
      const ending = end(made);
      if (call === "getSync") expect([verb, made.getSync("k", WHERE)]).toEqual([verb, undefined]);
      else if (call === "setSync") made.setSync("k", "new", WHERE);
      else made.deleteSync("k", { namespace: "n" });
      await ending;
      const left = call === "setSync" ? "new" : undefined;
      expect([call, verb, await made.get("k", WHERE)]).toEqual([call, verb, left]);
      await made.close();
    }
  }
});

describe.skipIf(IS_SQLITE)("where Redis has forgotten its scripts", () => {
  test.each(SHAPES_WITHOUT_COPIES)(
    "P3 %s: a delete ends what was set before it in the same turn",
    async (_name, shape) => {
      const { a, b } = await world.pair({ shape });
      // The one script has been sent before, the other never.
      await a.set("another", 1);
      await world.redis.script("FLUSH");
      await Promise.all([a.set("k", "old"), a.delete("k")]);
      for (const cache of [a, b]) expect(await cache.get("k")).toBeUndefined();
    },
  );

  test.each([
    ["delete", (cache: TieredCacheManager) => cache.delete("k", { namespace: "n" })],
    ...ENDS.slice(0, 3),
  ] as const)("a read sees what %s before it has ended", async (_verb, end) => {
    const { a } = await world.pair({ shape: REDIS_ALONE });
    await end(a);
    await a.set("k", "old", WHERE);
    expect(await a.get("k", WHERE)).toBe("old");
    await world.redis.script("FLUSH");
    // Another process has used this one since.
    await world.redis.script("LOAD", EPOCH.lua);
    const ending = end(a);
    expect(await a.get("k", WHERE)).toBeUndefined();
    await ending;
  });

  test("one that is forgotten again and again is run each time", async () => {
    const { a, b } = await world.pair();
    for (let round = 0; round < 5; round++) {
      await world.redis.script("FLUSH");
      expect(await Promise.all([a.set("k", round), a.set(`k${round}`, round)])).toEqual([DONE, DONE]);
      await eventually(() => b.get("k"), round);
      await world.redis.script("FLUSH");
      expect(await a.get("loaded", () => round, { forceRefresh: true })).toBe(round);
      await eventually(() => b.get("loaded"), round);
    }
  });
});

test.skipIf(IS_SQLITE)(
  "P3 a set is not put behind the delete after it by a server that does not know its script",
  async () => {
    await world.redis.script("FLUSH");
    const { a, b } = await world.pair();
    await a.delete("another");
    await Promise.all([a.set("k", "old"), a.delete("k")]);
    for (const cache of [a, b]) expect(await cache.get("k")).toBeUndefined();
  },
);
