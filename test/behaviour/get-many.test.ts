// getMany: one batch refresh for what is missing, one for what is stale.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlledBatch } from "../support/controlled-refresh.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const upper = (keys: readonly string[]): string[] => keys.map((key) => key.toUpperCase());

describe("getMany", () => {
  test("answers in the order of the keys, duplicates included, and asks for each missing one once", async () => {
    const { cache } = createCache();
    await cache.set("b", "cached");
    const asked: string[][] = [];
    const refresh = (keys: string[]) => (asked.push(keys), upper(keys));
    expect(await cache.getMany(["c", "b", "a", "c", "a"], refresh)).toEqual(["C", "cached", "A", "C", "A"]);
    expect(asked).toEqual([["c", "a"]]);
    expect(await cache.getMany(["a", "b", "c"])).toEqual(["A", "cached", "C"]);
    expect(cache.stats()).toMatchObject({ refreshes: { foreground: 1 } });
  });

  test("does not call the refresh when nothing is missing, nor for no keys", async () => {
    const { cache } = createCache();
    const { refresh, calls } = controlledBatch();
    await cache.set("a", "A");
    expect(await cache.getMany(["a", "a"], refresh)).toEqual(["A", "A"]);
    expect(await cache.getMany([], refresh)).toEqual([]);
    expect(await cache.getMany([])).toEqual([]);
    expect(calls).toHaveLength(0);
  });

  test("without a refresh answers with what there is", async () => {
    const { cache } = createCache();
    await cache.setMany({ a: null, b: 0 });
    expect(await cache.getMany(["b", "x", "a"])).toEqual([0, undefined, null]);
    expect(cache.stats()).toMatchObject({ misses: 1, hits: { fresh: 2 } });
  });

  test.each([
    [
      "a Map",
      () =>
        new Map([
          ["b", 2],
          ["a", 1],
          ["other", 3],
        ]),
    ],
    ["an object", () => ({ b: 2, a: 1, other: 3 })],
    ["an array", (keys: string[]) => keys.map((key) => (key === "a" ? 1 : 2))],
    ["a promise of one", async () => ({ b: 2, a: 1 })],
  ])("takes %s as the result, and stores what was asked for", async (_form, refresh) => {
    const { cache } = createCache();
    expect(await cache.getMany<number>(["a", "b"], refresh as (keys: string[]) => number[])).toEqual([1, 2]);
    expect(await cache.get("a")).toBe(1);
    expect(await cache.get("other")).toBeUndefined();
  });

  test("P9 refuses values that are promises, and lives with it when one of them rejects", async () => {
    const { cache } = createCache();
    const forgotten = (keys: readonly string[]): object =>
      Object.fromEntries(keys.map((key) => [key, Promise.reject(new Error(`no ${key}`))]));
    const error = { code: "invalid_value", message: expect.stringContaining("not a promise of one: await them") };
    await expect(cache.getMany(["a", "b"], forgotten as never)).rejects.toMatchObject(error);
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined]);
  });

  test("does not take inherited members of an object for values", async () => {
    const { cache } = createCache();
    expect(await cache.getMany(["toString", "__proto__"], () => ({}))).toEqual([undefined, undefined]);
  });

  test("gives undefined for keys left out, and stores nothing for them", async () => {
    const { cache } = createCache();
    const results = [new Map([["a", 1]]), { a: 1 }, [1, undefined]];
    for (const result of results) {
      expect(await cache.getMany(["a", "b"], () => result as never, { forceRefresh: true })).toEqual([1, undefined]);
      expect(await cache.has("b")).toBe(false);
    }
  });

  test.each([
    [["only one"], /result of the batch refresh must be as long as the list of keys \(2\).*got 1/],
    ["text", /must be a Map, an object or an array, got 'text'/],
    [null, /must be a Map, an object or an array, got null/],
    [undefined, /must be a Map, an object or an array, got undefined/],
  ])("refuses %j as the result, and stores nothing", async (result, message) => {
    const { cache } = createCache();
    const got = cache.getMany(["a", "b"], () => result as never);
    await expect(got).rejects.toMatchObject({ code: "invalid_value", message: expect.stringMatching(message) });
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined]);
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 0, failed: 2 });
  });

  test("refuses promises as values: they would be cached, and nobody would see them reject", async () => {
    const { cache } = createCache();
    const got = cache.getMany<unknown>(["a", "b"], (keys) => keys.map((key) => Promise.resolve(key)));
    await expect(got).rejects.toMatchObject({ code: "invalid_value" });
    expect(await cache.has("a")).toBe(false);
  });

  test("rejects with the refresh's own error where a key has no old value", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h" });
    const error = new Error("down");
    await cache.set("a", "A");
    await clock.advance(1_500);
    await expect(cache.getMany(["a", "b"], () => Promise.reject(error))).rejects.toBe(error);
    expect(await cache.getMany(["a"], () => Promise.reject(error))).toEqual(["A"]);
    const failing = (): never => {
      throw error;
    };
    await expect(cache.getMany(["c"], failing)).rejects.toBe(error);
  });

  test("refreshes what is stale behind, in one call, and waits only for what is missing", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlledBatch();
    await cache.setMany({ a: "a0", b: "b0" });
    await clock.advance(1_000);
    await cache.set("c", "c0");
    expect(await cache.getMany(["a", "b", "c"], refresh)).toEqual(["a0", "b0", "c0"]);
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    expect(call(0).argument.keys).toEqual(["a", "b"]);
    expect([...call(0).argument.context.stale]).toEqual([
      ["a", "a0"],
      ["b", "b0"],
    ]);

    await cache.getMany(["a", "b"], refresh);
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    call(0).resolve({ a: "a1", b: "b1" });
    await drainMicrotasks();
    expect(await cache.getMany(["a", "b"], refresh)).toEqual(["a1", "b1"]);
    expect(cache.stats().refreshes).toMatchObject({ background: 1, foreground: 0 });
  });

  test("calls the refresh apart for what is missing and for what is stale", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlledBatch();
    await cache.set("a", "a0");
    await clock.advance(1_000);
    const got = cache.getMany(["a", "b"], refresh);
    await drainMicrotasks();
    expect(calls.map(({ argument }) => argument.keys.join()).toSorted()).toEqual(["a", "b"]);
    call(calls.findIndex(({ argument }) => argument.keys[0] === "b")).resolve(["b1"]);
    expect(await got).toEqual(["a0", "b1"]);
  });

  test("refreshes everything with forceRefresh", async () => {
    const { cache } = createCache();
    await cache.set("a", "old");
    expect(await cache.getMany(["a", "b"], upper, { forceRefresh: true })).toEqual(["A", "B"]);
    expect(await cache.get("a")).toBe("A");
  });

  test("reports events per key, and misses and hits once", async () => {
    const { cache } = createCache();
    await cache.set("a", "A");
    const events = recordEvents(cache);
    await cache.getMany(["a", "b", "c", "b"], upper);
    expect(events.map((event) => [event.type, "key" in event && event.key])).toEqual([
      ["hit", "a"],
      ["miss", "b"],
      ["miss", "c"],
      ["refreshStart", "b"],
      ["refreshStart", "c"],
      ["refreshEnd", "b"],
      ["refreshEnd", "c"],
    ]);
  });
});

describe("the context of a batch", () => {
  test("sets tags and lifetimes per key", async () => {
    const { cache } = createCache();
    await cache.getMany(["a", "b"], (keys, { setTags, setOptions }) => {
      setTags("a", ["odd"]);
      setOptions("b", { ttl: "1h" });
      return keys;
    });
    expect(await cache.ttl("a")).toBe(1_000);
    expect(await cache.ttl("b")).toBe(3_600_000);
    await cache.invalidateTags(["odd"]);
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, "b"]);
  });

  test("refuses a key that is not of the batch", async () => {
    const { cache } = createCache();
    const got = cache.getMany(["a"], (keys, { setTags }) => (setTags("x", ["t"]), keys));
    await expect(got).rejects.toMatchObject({ code: "invalid_argument", message: expect.stringContaining("'x'") });
  });

  test("names the namespace and holds a signal", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlledBatch();
    const got = cache.namespace("n").getMany(["a"], refresh);
    expect(call(0).argument.context.namespace).toBe("n");
    expect(call(0).argument.context.signal.aborted).toBe(false);
    call(0).resolve(["A"]);
    expect(await got).toEqual(["A"]);
  });

  test("hands out its list of keys to do with as one likes", async () => {
    const { cache } = createCache();
    const result = (keys: string[]): Record<string, string> => {
      const values = Object.fromEntries(keys.map((key) => [key, key.toUpperCase()]));
      keys.length = 0;
      return values;
    };
    expect(await cache.getMany(["a", "b"], result)).toEqual(["A", "B"]);
  });
});
