// How long a value lives: ttl as a function, negative results, jitter, early refresh.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

interface Token {
  readonly expiresIn: number;
}

describe("ttl as a function", () => {
  test("is asked with every value, whether set or refreshed", async () => {
    const { cache } = createCache({ ttl: (({ expiresIn }: Token) => expiresIn * 1_000) as never });
    await cache.set("a", { expiresIn: 5 });
    await cache.get("b", () => ({ expiresIn: 7 }));
    expect(await cache.ttl("a")).toBe(5_000);
    expect(await cache.ttl("b")).toBe(7_000);
  });

  test("of a call goes over that of the cache, and may answer with text", async () => {
    const { cache } = createCache();
    await cache.get("k", () => ({ expiresIn: 5 }), { ttl: ({ expiresIn }) => `${expiresIn}m` });
    expect(await cache.ttl("k")).toBe(300_000);
  });

  test.each([[-1], [NaN], ["soon"], [undefined]])("that answers %s fails the refresh and the set", async (answer) => {
    const { cache } = createCache({ ttl: (() => answer) as never });
    const expected = {
      code: "invalid_option",
      message: expect.stringMatching(/ttl\(value\) must be a duration.* got /),
    };
    await expect(cache.get("k", () => "v")).rejects.toMatchObject(expected);
    await expect(cache.set("k", "v")).rejects.toMatchObject(expected);
    expect(await cache.has("k")).toBe(false);
  });
});

describe("negativeTtl", () => {
  test("is how long null lives, without stale windows", async () => {
    const { cache, clock } = createCache({ negativeTtl: 100, staleIfError: "1h" });
    await cache.get("none", () => null);
    await cache.get("some", () => 1);
    expect(await cache.getEntry("none")).toMatchObject({
      freshUntil: clock.now() + 100,
      staleUntil: clock.now() + 100,
      errorUntil: clock.now() + 100,
    });
    expect(await cache.ttl("some")).toBe(1_000);
    await clock.advance(99);
    expect(await cache.get("none")).toBeNull();
    await clock.advance(1);
    expect(await cache.get("none")).toBeUndefined();
  });

  test("holds for what isNegative picks", async () => {
    const { cache } = createCache({ negativeTtl: 100, isNegative: (value: string) => value === "404" });
    await cache.set("a", "404");
    await cache.set("b", null);
    expect(await cache.ttl("a")).toBe(100);
    expect(await cache.ttl("b")).toBe(1_000);
  });

  test("of 0 does not store negative values", async () => {
    const { cache } = createCache({ negativeTtl: 0 });
    expect(await cache.get("k", () => null)).toBeNull();
    expect(await cache.has("k")).toBe(false);
  });

  test("left out treats null like any other value", async () => {
    const { cache } = createCache();
    await cache.set("k", null);
    expect(await cache.ttl("k")).toBe(1_000);
  });

  test("may come from the refresh, with isNegative", async () => {
    const { cache } = createCache();
    await cache.get<unknown[]>("k", ({ setOptions }) => {
      setOptions({ negativeTtl: 10, isNegative: (list) => list.length === 0 });
      return [];
    });
    expect(await cache.ttl("k")).toBe(10);
  });
});

describe("jitter", () => {
  test("only shortens: ttl is the longest an entry is fresh", async () => {
    const chances = [0, 0.5, 0.999_999];
    for (const chance of chances) {
      const { cache, clock } = createCache({ jitter: 0.2, random: () => chance });
      await cache.set("k", "v");
      const entry = await cache.getEntry("k");
      const fresh = (entry?.freshUntil ?? NaN) - clock.now();
      expect(fresh).toBeLessThanOrEqual(1_000);
      expect(Math.abs(fresh - (1_000 - 200 * chance))).toBeLessThanOrEqual(1);
      expect(entry?.staleUntil).toBe((entry?.freshUntil ?? NaN) + 500);
    }
  });

  test("spreads entries that were stored together", async () => {
    const { cache } = createCache({ jitter: 0.5, random: Math.random });
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
    await cache.setMany(keys.map((key) => [key, 1] as const));
    const ends = await Promise.all(keys.map((key) => cache.ttl(key)));
    expect(new Set(ends).size).toBeGreaterThan(40);
    for (const end of ends) {
      expect(end).toBeGreaterThanOrEqual(500);
      expect(end).toBeLessThanOrEqual(1_000);
    }
  });

  test("leaves what never expires alone, and shortens negative values too", async () => {
    const { cache } = createCache({ jitter: 1, random: () => 0.5, ttl: "forever", negativeTtl: 100 });
    await cache.set("k", "v");
    await cache.set("n", null);
    expect(await cache.ttl("k")).toBe(Infinity);
    expect(await cache.ttl("n")).toBe(50);
  });
});

describe("earlyRefresh", () => {
  /** A cache with "k" fresh for 1 s, which took 100 ms to load. */
  async function loaded(random: () => number) {
    const { cache, clock } = createCache({ earlyRefresh: 1, random });
    const { refresh, calls, call } = controlled();
    const got = cache.get("k", refresh);
    await clock.advance(100);
    call(0).resolve("v0");
    await got;
    return { cache, clock, refresh, calls, call };
  }

  test("refreshes behind a fresh value once Δ·β·-ln(1 - chance) reaches its end", async () => {
    const chance = 1 - Math.exp(-2);
    const { cache, clock, refresh, calls, call } = await loaded(() => chance);
    await clock.advance(799);
    expect(await cache.get("k", refresh)).toBe("v0");
    await drainMicrotasks();
    expect(calls).toHaveLength(1);

    await clock.advance(2);
    const events = recordEvents(cache);
    expect(await cache.get("k", refresh)).toBe("v0");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
    call(1).resolve("v1");
    await drainMicrotasks();
    expect(await cache.get("k", refresh)).toBe("v1");
    expect(typesOf(events)).toEqual(["hit", "refreshStart", "refreshEnd", "hit"]);
  });

  test("does nothing for a value that was set, or by no chance at all", async () => {
    const { cache, clock, refresh, calls } = await loaded(() => 0);
    await clock.advance(999);
    await cache.get("k", refresh);
    await cache.set("k", "v1");
    await cache.get("k", refresh, { earlyRefresh: 1_000 });
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
  });

  test("backs off after a failure like any refresh", async () => {
    const { cache, clock, refresh, calls, call } = await loaded(() => 0.999);
    await clock.advance(900);
    await cache.get("k", refresh);
    await drainMicrotasks();
    call(1).reject(new Error("down"));
    await drainMicrotasks();
    expect(await cache.get("k", refresh)).toBe("v0");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
  });

  test("may be asked for by one call", async () => {
    const { cache, clock } = createCache({ random: () => 0.999_999 });
    const { refresh, calls, call } = controlled();
    const got = cache.get("k", refresh);
    await clock.advance(500);
    call(0).resolve("v0");
    await got;
    expect(await cache.get("k", refresh)).toBe("v0");
    expect(await cache.get("k", refresh, { earlyRefresh: 1 })).toBe("v0");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
  });
});
