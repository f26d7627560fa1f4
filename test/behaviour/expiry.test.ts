// P8: windows are half-open, and nothing is served past their end.

import { describe, expect, test } from "vitest";
import { memoryTier } from "../../src/index.ts";
import { collect, createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const down = (): Promise<never> => Promise.reject(new Error("down"));

describe("P8 at the instants", () => {
  test.each([
    [999, "fresh"],
    [1_000, "stale"],
    [1_499, "stale"],
    [1_500, undefined],
    [1_999, undefined],
    [2_000, undefined],
  ])("P8 after %i ms an entry without its refresh is %s", async (ms, state) => {
    const { cache, clock } = createCache({ staleIfError: 1_000 });
    await cache.set("k", "v");
    await clock.advance(ms);
    const value = state && "v";
    expect((await cache.getEntry("k"))?.state).toBe(state);
    expect(await cache.has("k")).toBe(state !== undefined);
    expect(await cache.ttl("k")).toBe(state && Math.max(0, 1_000 - ms));
    expect(await collect(cache.keys())).toEqual(state ? ["k"] : []);
    expect(cache.getSync("k")).toBe(value);
    expect(await cache.getMany(["k"])).toEqual([value]);
    expect(await cache.get("k")).toBe(value);
  });

  test("P8 serves an old value until errorUntil when the refresh fails, and not at errorUntil", async () => {
    const { cache, clock } = createCache({ staleIfError: 1_000 });
    await cache.set("k", "v");
    await clock.advance(1_999);
    expect(await cache.get("k", down)).toBe("v");
    await clock.advance(1);
    await expect(cache.get("k", down)).rejects.toThrow("down");
  });

  test("P8 never serves past staleUntil while the refresh runs: the caller waits for it", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_400);
    expect(await cache.get("k", refresh)).toBe("old");
    await drainMicrotasks();
    await clock.advance(100);
    const waiting = cache.get("k", refresh);
    expect(await cache.get("k")).toBeUndefined();
    expect(calls).toHaveLength(1);
    call(0).resolve("new");
    expect(await waiting).toBe("new");
  });

  test("P8 gives no rescue value while the refresh hangs, but waits", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h", refreshTimeout: "forever" });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_500);
    let got: unknown = "nothing";
    const waiting = cache.get("k", refresh).then((value) => (got = value));
    await clock.advance(600_000);
    expect(got).toBe("nothing");
    call(0).reject(new Error("down"));
    expect(await waiting).toBe("old");
  });

  test("P8 gives no rescue value that expired while the refresh hung", async () => {
    const { cache, clock } = createCache({ staleIfError: 1_000 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_600);
    const waiting = cache.get("k", refresh);
    await clock.advance(400);
    call(0).reject(new Error("down"));
    await expect(waiting).rejects.toThrow("down");
  });

  test("P8 gives up a background refresh that hangs, and begins another", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h", refreshTimeout: "10s" });
    const events = recordEvents(cache);
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", refresh);
    await drainMicrotasks();
    await clock.advance(10_000);
    expect(call(0).argument.signal.aborted).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: "refreshFail", background: true, error: { code: "timeout" } });
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 0, failed: 1 });

    await clock.advance(1_000);
    await cache.get("k", refresh);
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
    call(1).resolve("new");
    call(0).resolve("too late");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("new");
  });

  test("P8 holds for infinite lifetimes: they do not end", async () => {
    const { cache, clock } = createCache({ ttl: "forever" });
    await cache.set("k", "v");
    await clock.advance(1e12);
    expect(await cache.get("k")).toBe("v");
    expect(await cache.ttl("k")).toBe(Infinity);
  });
});

describe("P8 with a blocked event loop", () => {
  // Ten seconds is what src/DESIGN.md promises of a blocked event loop.
  test.each([1_200, 2_500, 10_000])("P8 does not serve an entry that expired in a block of %i ms", async (ms) => {
    const { cache, clock } = createCache({ ttl: ms, staleWhileRevalidate: 0 });
    await cache.set("k", "v");
    expect(await cache.get("k")).toBe("v");
    clock.block(ms);
    expect(await cache.get("k")).toBeUndefined();
    expect(cache.getSync("k")).toBeUndefined();
  });

  test("P8 refreshes an entry that turned stale in a block", async () => {
    const { cache, clock } = createCache({ ttl: 5_000 });
    const { refresh, calls } = controlled();
    await cache.set("k", "v");
    await cache.get("k", refresh);
    clock.block(5_000);
    expect(await cache.get("k", refresh)).toBe("v");
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
  });

  test.each([100, 500])(
    "P8 does not serve an entry that expired in blocks of %i ms without a turn in between",
    async (ms) => {
      const { cache, clock } = createCache({ ttl: 60_000, staleWhileRevalidate: 0 });
      await cache.set("k", "v");
      for (let passed = 0; passed < 60_000; passed += ms) {
        expect(cache.getSync("k")).toBe("v");
        clock.block(ms);
      }
      expect(cache.getSync("k")).toBeUndefined();
      expect(await cache.get("k")).toBeUndefined();
    },
  );
});

describe("maxAge", () => {
  test("of a call: an older entry is not used by it, not even as a rescue", async () => {
    const { cache, clock } = createCache({ ttl: "1h", staleIfError: "1h" });
    await cache.set("k", "v");
    await clock.advance(500);
    expect(await cache.get("k", { maxAge: 501 })).toBe("v");
    expect(await cache.get("k", { maxAge: 500 })).toBeUndefined();
    expect(cache.getSync("k", { maxAge: 500 })).toBeUndefined();
    expect(await cache.has("k", { maxAge: 500 })).toBe(false);
    expect(await cache.ttl("k", { maxAge: 500 })).toBeUndefined();
    expect(await cache.getEntry("k", { maxAge: 500 })).toBeUndefined();
    expect(await cache.getMany(["k"], { maxAge: 500 })).toEqual([undefined]);
    await expect(cache.get("k", down, { maxAge: 500 })).rejects.toThrow("down");
    expect(await cache.get("k")).toBe("v");
    expect(await cache.get("k", () => "new", { maxAge: 500 })).toBe("new");
  });

  test("of a call by tier bounds what is read from it and put in it", async () => {
    const { cache, clock } = createCache({ ttl: "1h" });
    await cache.set("k", "v");
    await clock.advance(500);
    expect(await cache.get("k", { tiers: { memory: { maxAge: 500 } } })).toBeUndefined();
    expect(await cache.get("k", { tiers: { memory: {} } })).toBe("v");
    expect(await cache.get("k", { tiers: { memory: undefined as never } })).toBe("v");
    await cache.set("l", "v", { tiers: { memory: { maxAge: 100 } } });
    await clock.advance(100);
    expect(await cache.get("l")).toBeUndefined();
  });

  test("of the tier ends entries whatever their ttl", async () => {
    const { cache, clock } = createCache({ ttl: "1h", staleIfError: "1h", tiers: [memoryTier({ maxAge: "2s" })] });
    await cache.set("k", "v");
    expect(await cache.ttl("k")).toBe(2_000);
    await clock.advance(1_999);
    expect(await cache.get("k")).toBe("v");
    await clock.advance(1);
    expect(await cache.get("k")).toBeUndefined();
    await expect(cache.get("k", down)).rejects.toThrow("down");
  });

  test("of the cache is the default of its calls", async () => {
    const { cache, clock } = createCache({ ttl: "1h", maxAge: "2s" });
    await cache.set("k", "v");
    await clock.advance(2_000);
    expect(await cache.get("k")).toBeUndefined();
    expect(cache.getSync("k")).toBeUndefined();
    expect(await cache.get("k", { maxAge: "forever" })).toBe("v");
  });
});

describe("a skipped tier", () => {
  test("is neither read nor written by the call, and gives its old copy up", async () => {
    const { cache } = createCache();
    const skip = { tiers: { memory: false } } as const;
    await cache.set("k", "old");
    expect(await cache.get("k", skip)).toBeUndefined();
    expect(await cache.has("k", skip)).toBe(false);
    expect(await cache.get("k")).toBe("old");
    expect(await cache.get("k", () => "new", skip)).toBe("new");
    expect(await cache.get("k")).toBeUndefined();
    await cache.set("k", "v", skip);
    expect(await cache.get("k")).toBeUndefined();
  });
});

describe("markStale", () => {
  test("leaves an entry stale until the end of its stale window, and its refresh makes it fresh", async () => {
    const { cache, clock } = createCache();
    const events = recordEvents(cache);
    await cache.set("k", "v0");
    await clock.advance(100);
    expect(await cache.markStale("k")).toEqual({ authority: "none" });
    expect(await cache.ttl("k")).toBe(0);
    expect(await cache.getEntry("k")).toMatchObject({ state: "stale", freshUntil: clock.now() });
    await clock.advance(1_399);
    expect(await cache.get("k")).toBe("v0");
    await clock.advance(1);
    expect(await cache.get("k")).toBeUndefined();
    expect(typesOf(events)).toEqual(["set", "invalidate", "stale", "miss"]);
  });

  test("of an entry that is stale, a rescue or not there changes nothing", async () => {
    const { cache, clock } = createCache({ staleIfError: 1_000 });
    await cache.set("k", "v0");
    await clock.advance(1_200);
    await cache.markStale("k");
    expect(await cache.getEntry("k")).toMatchObject({ freshUntil: clock.now() - 200, staleUntil: clock.now() + 300 });
    await clock.advance(300);
    await cache.markStale("k");
    expect(await cache.get("k", down)).toBe("v0");
    await cache.markStale("none");
    expect(await cache.has("none")).toBe(false);
  });

  test("of an entry without a stale window still serves it for what was its freshness", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: 0 });
    await cache.set("k", "v0");
    await cache.markStale("k");
    await clock.advance(999);
    expect(await cache.get("k", () => "v1")).toBe("v0");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("v1");
  });
});
