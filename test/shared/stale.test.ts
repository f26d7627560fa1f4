// Stale-while-revalidate and stale-if-error between processes: what Redis has is served, and refreshed once for all.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { age, frameAt, keyOf, leaseEnds } from "./frames.ts";
import {
  eventually,
  heard,
  isRedisFirst,
  never,
  REDIS_ALONE,
  SHAPES_READING_REDIS,
  SharedWorld,
  type OpenOptions,
  type Pair,
} from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** A pair of which `a` has set a key that is two seconds past its freshness; `b` has not looked yet. */
async function withOld(options: OpenOptions): Promise<Pair> {
  const pair = await world.pair(options);
  await pair.a.set("k", "old", { ttl: 1_000, tags: ["t"] });
  await age(world.raw, keyOf(pair.name, "k"), 3_000);
  await heard(pair.a, pair.b);
  return pair;
}

const fail = (): Promise<never> => Promise.reject(new Error("no database"));

/** The types of what is served, refreshed and failed from now on, in order. */
function served(cache: TieredCacheManager): string[] {
  const log: string[] = [];
  for (const type of ["hit", "stale", "rescue", "miss", "refreshStart", "refreshEnd", "refreshFail"] as const)
    cache.on(type, (event) => log.push("tier" in event ? `${type} ${event.tier}` : type));
  return log;
}

describe.each(SHAPES_READING_REDIS)("%s", (_shape, shape) => {
  const isAlone = shape === REDIS_ALONE;
  test("what is stale in Redis is served at once, and refreshed behind, once", async () => {
    const { a, b } = await withOld({ shape });
    const { refresh, calls, call } = controlled();
    const log = served(b);
    expect(await b.get("k", refresh)).toBe("old");
    await eventually(() => calls.length, 1);
    expect([await b.get("k", never), call(0).argument.stale]).toEqual(["old", "old"]);
    call(0).resolve("new");
    await eventually(() => log.at(-1), "refreshEnd");
    expect([await b.get("k", never), await b.get("k", never)]).toEqual(["new", "new"]);
    await eventually(() => a.get("k", never), "new");
    const again = isRedisFirst(shape) ? "redis" : "memory";
    expect(log.filter((line) => !line.startsWith("refresh"))).toEqual([
      "stale redis",
      `stale ${again}`,
      `hit ${again}`,
      `hit ${again}`,
    ]);
  });

  test("two processes that find it stale refresh it once between them", async () => {
    const pair = await withOld({ shape });
    const c = await world.open({ shape, name: pair.name });
    const { refresh, calls, call } = controlled();
    expect(await pair.b.get("k", refresh)).toBe("old");
    await eventually(() => calls.length, 1);
    expect([await c.get("k", never), await c.get("k", never)]).toEqual(["old", "old"]);
    await eventually(() => c.stats().refreshes.inFlight, 0);
    call(0).resolve("new");
    for (const cache of [pair.b, c]) await eventually(() => cache.get("k"), "new");
    expect(calls.length).toBe(1);
  });

  // One that nobody waits for is not counted.
  test("stats count a refresh that was left to another process as denied", async () => {
    const pair = await withOld({ shape });
    const { refresh, calls, call } = controlled();
    await pair.b.get("k", refresh);
    await eventually(() => calls.length, 1);
    const c = await world.open({ shape, name: pair.name });
    expect(await c.get("k", never)).toBe("old");
    await eventually(() => c.stats().refreshes.inFlight, 0);
    call(0).resolve("new");
    expect(c.stats().refreshes.denied).toBe(1);
  });

  test("a stale copy of which Redis has a newer one is replaced by that, and not refreshed", async () => {
    const { name, a, b } = await world.pair({ shape });
    const at = keyOf(name, "k");
    await a.set("k", "newer");
    const newer = await frameAt(world.raw, at);
    await a.set("k", "old", { ttl: 1_000 });
    await age(world.raw, at, 3_000);
    await heard(a, b);
    expect(await b.get("k")).toBe("old");
    // Without a message, as if it had been lost.
    await world.raw.set(at, newer);
    expect(await b.get("k", never)).toBe(isRedisFirst(shape) ? "newer" : "old");
    await eventually(() => b.get("k", never), "newer");
    expect(b.stats().refreshes).toMatchObject({ failed: 0, background: 0, spared: isRedisFirst(shape) ? 0 : 1 });
  });

  test("backgroundRefresh: false has the caller wait for the refresh", async () => {
    const { a, b } = await withOld({ shape });
    expect(await b.get("k", () => "new", { backgroundRefresh: false })).toBe("new");
    await eventually(() => a.get("k"), "new");
  });

  test("a background refresh that fails is reported, and the stale value stays for all", async () => {
    const { a, b } = await withOld({ shape });
    const log = served(b);
    expect(await b.get("k", fail)).toBe("old");
    await eventually(() => log.at(-1), "refreshFail");
    expect([await b.get("k"), await a.get("k")]).toEqual(["old", "old"]);
    expect(await a.get("k", () => "new", { backgroundRefresh: false, tiers: { memory: false } })).toBe("new");
  });

  test("P9 a stale value whose refresh failed is left alone for a while", async () => {
    const { b } = await withOld({ shape });
    let calls = 0;
    const load = (): Promise<never> => {
      calls++;
      return fail();
    };
    for (let reads = 0; reads < 5; reads++) {
      expect(await b.get("k", load)).toBe("old");
      await eventually(() => b.stats().refreshes.inFlight, 0);
    }
    expect(calls).toBe(1);
  });

  test("stale-if-error: a rescue entry in Redis is served when its refresh fails", async () => {
    const { a, b } = await withOld({ shape, staleWhileRevalidate: 0, staleIfError: 60_000 });
    const log = served(b);
    expect([await b.get("k"), await b.get("k", fail)]).toEqual([undefined, "old"]);
    expect(log).toContain(`rescue ${isAlone ? "redis" : "memory"}`);
    expect(b.stats()).toMatchObject({ rescued: 1 });
    expect(await a.get("k", () => "new", { tiers: { memory: false } })).toBe("new");
  });

  test("stale-if-error: past its window the caller gets the error", async () => {
    const { b } = await withOld({ shape, staleWhileRevalidate: 0, staleIfError: 1_500 });
    await expect(b.get("k", fail)).rejects.toThrow("no database");
  });

  test("P8 nothing is served past the stale window, though Redis still has it", async () => {
    const { name, b } = await withOld({ shape, staleWhileRevalidate: 1_000 });
    expect(await world.raw.exists(keyOf(name, "k"))).toBe(1);
    expect([await b.get("k"), await b.has("k")]).toEqual([undefined, false]);
    expect(await b.get("k", () => "new")).toBe("new");
  });

  test("notModified makes the entry fresh again for all, with its tags", async () => {
    const { a, b } = await withOld({ shape });
    expect(await b.get("k", ({ notModified }) => notModified(), { backgroundRefresh: false })).toBe("old");
    await eventually(async () => (await a.getEntry("k"))?.state, "fresh");
    const seen = await a.getEntry("k");
    expect([seen?.value, seen?.tags, await a.get("k", never)]).toEqual(["old", ["t"], "old"]);
    await a.invalidateTags(["t"]);
    await eventually(() => b.get("k"), undefined);
  });

  test("skip gives the value to its callers, and leaves what Redis has", async () => {
    const { name, a, b } = await withOld({ shape });
    const waiting = { backgroundRefresh: false };
    expect(await b.get("k", ({ skip }) => skip("passing"), waiting)).toBe("passing");
    expect([await b.get("k"), await a.get("k")]).toEqual(["old", "old"]);
    expect(await b.get("other", ({ skip }) => skip("passing"))).toBe("passing");
    for (const key of ["k", "other"]) await leaseEnds(world.raw, keyOf(name, key));
    expect(await a.get("other", () => "kept")).toBe("kept");
  });

  test("undefined ends the entry for all", async () => {
    const { name, a, b } = await withOld({ shape });
    expect(await a.get("k")).toBe("old");
    expect(await b.get("k", () => undefined, { backgroundRefresh: false })).toBeUndefined();
    expect([await world.raw.exists(keyOf(name, "k")), await b.get("k")]).toEqual([0, undefined]);
    await eventually(() => a.get("k"), undefined);
    expect(await b.get("other", () => undefined)).toBeUndefined();
    for (const key of ["k", "other"]) await leaseEnds(world.raw, keyOf(name, key));
    expect(await a.get("other", () => "kept")).toBe("kept");
  });

  test("forceRefresh replaces what is fresh, for all", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", "old");
    await heard(a, b);
    let stale: unknown;
    const load = (context: { readonly stale: unknown }): string => {
      stale = context.stale;
      return "new";
    };
    expect(await b.get("k", load, { forceRefresh: true })).toBe("new");
    await eventually(() => a.get("k"), "new");
    expect(stale).toBe("old");
    await expect(b.get("k", fail, { forceRefresh: true })).rejects.toThrow("no database");
    expect([await b.get("k"), await a.get("k")]).toEqual(["new", "new"]);
  });

  test("earlyRefresh: refreshed behind by chance before it is stale, by what another process's load has taken", async () => {
    let luck = 0;
    const { a, b } = await world.pair({ shape }, { random: () => luck });
    let begun: number | undefined;
    const slow = (): Promise<string> => {
      begun ??= performance.now();
      return waitUntil(() => performance.now() - (begun ?? 0) > 20 && "old", { what: "it was a slow load" });
    };
    await a.get("k", slow);
    expect(await b.get("k", never, { earlyRefresh: 1 })).toBe("old");
    luck = 1 - Number.EPSILON / 2;
    // With such luck a load of 20 ms is begun 734 ms early; with a large β, a minute.
    expect(await b.get("k", () => "new", { earlyRefresh: 1_000 })).toBe("old");
    for (const cache of [a, b]) await eventually(() => cache.get("k"), "new");
  });
});
