// softTimeout and hardTimeout: how long a caller waits, and what it gets then.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

/** How a promise stands: its value, its error, or `undefined` while it is pending. */
function watch(promise: Promise<unknown>): { readonly state: { value?: unknown; error?: unknown } | undefined } {
  const watched: { state: { value?: unknown; error?: unknown } | undefined } = { state: undefined };
  promise.then(
    (value) => (watched.state = { value }),
    (error: unknown) => (watched.state = { error }),
  );
  return watched;
}

describe("softTimeout", () => {
  test("gives the fresh value when the refresh is quick", async () => {
    const { cache, clock } = createCache({ softTimeout: 100 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = cache.get("k", refresh);
    await clock.advance(99);
    call(0).resolve("new");
    expect(await got).toBe("new");
    expect(clock.pendingKeepAlive).toBe(0);
  });

  test("gives the stale value when it is slow, and the refresh goes on and stores", async () => {
    const { cache, clock } = createCache({ softTimeout: 100 });
    const events = recordEvents(cache);
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = watch(cache.get("k", refresh));
    await clock.advance(99);
    expect(got.state).toBeUndefined();
    await clock.advance(1);
    expect(got.state).toEqual({ value: "old" });
    expect(call(0).argument.signal.aborted).toBe(false);
    expect(cache.stats()).toMatchObject({ misses: 1, rescued: 1 });

    call(0).resolve("new");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("new");
    expect(typesOf(events)).toEqual(["set", "miss", "refreshStart", "stale", "refreshEnd", "hit"]);
  });

  test("does not apply where there is no stale value: the caller waits", async () => {
    const { cache, clock } = createCache({ softTimeout: 100 });
    const { refresh, call } = controlled();
    const got = watch(cache.get("k", refresh));
    await clock.advance(10_000);
    expect(got.state).toBeUndefined();
    call(0).resolve("v");
    await drainMicrotasks();
    expect(got.state).toEqual({ value: "v" });
  });

  test("P8 gives no value that is past its stale window by then, nor a rescue value", async () => {
    const { cache, clock } = createCache({ softTimeout: 100, staleIfError: "1h" });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_450);
    const got = watch(cache.get("k", refresh));
    await clock.advance(10_000);
    expect(got.state).toBeUndefined();
    call(0).reject(new Error("down"));
    await drainMicrotasks();
    expect(got.state).toEqual({ value: "old" });
  });

  test("of 0 gives the stale value unless the refresh is synchronous", async () => {
    const { cache, clock } = createCache({ softTimeout: 0 });
    const { refresh } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = watch(cache.get("k", refresh));
    await clock.advance(0);
    expect(got.state).toEqual({ value: "old" });
  });

  test("does not hold for forceRefresh", async () => {
    const { cache, clock } = createCache({ softTimeout: 100 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    const got = watch(cache.get("k", refresh, { forceRefresh: true }));
    await clock.advance(1_000);
    expect(got.state).toBeUndefined();
    call(0).resolve("new");
    await drainMicrotasks();
    expect(got.state).toEqual({ value: "new" });
  });

  test("of a batch gives each key its stale value, and what has none is waited for", async () => {
    const { cache, clock } = createCache({ softTimeout: 100 });
    const { refresh, call } = controlledBatch();
    await cache.setMany({ a: "a0", b: "b0" });
    await clock.advance(1_000);
    const stale = watch(cache.getMany(["a", "b"], refresh));
    const mixed = watch(cache.getMany(["b", "c"], () => ["c1"]));
    await clock.advance(100);
    expect(stale.state).toEqual({ value: ["a0", "b0"] });
    expect(mixed.state).toEqual({ value: ["b0", "c1"] });
    call(0).resolve(["a1", "b1"]);
    await drainMicrotasks();
    expect(await cache.getMany(["a", "b"])).toEqual(["a1", "b1"]);
  });

  test("P9 does not leak a refresh that hangs after its callers took the stale value", async () => {
    const { cache, clock } = createCache({ softTimeout: 100, staleWhileRevalidate: "1d", refreshTimeout: "10s" });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = watch(cache.get("k", refresh));
    await clock.advance(100);
    expect(got.state).toEqual({ value: "old" });
    await clock.advance(60_000);
    expect(cache.stats().refreshes.inFlight).toBe(0);
    expect(call(0).argument.signal.aborted).toBe(true);
  });
});

describe("hardTimeout", () => {
  test("ends the wait with an error that names key and limit, and aborts the refresh", async () => {
    const { cache, clock } = createCache({ hardTimeout: "2s" });
    const events = recordEvents(cache);
    const { refresh, call } = controlled();
    const got = watch(cache.get("k", refresh));
    const { signal } = call(0).argument;
    await clock.advance(1_999);
    expect(got.state).toBeUndefined();
    await clock.advance(1);
    const message = expect.stringMatching(/^refresh of 'k' must take less than 2000 ms/);
    expect(got.state).toMatchObject({ error: { code: "timeout", key: "k", message } });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(got.state?.error);
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "refreshFail"]);
    expect(cache.stats().refreshes).toMatchObject({ failed: 1, inFlight: 0 });
    expect(clock.pendingKeepAlive).toBe(0);
  });

  test("does not store what comes after it", async () => {
    const { cache, clock } = createCache({ hardTimeout: 100 });
    const { refresh, call } = controlled();
    const got = watch(cache.get("k", refresh));
    await clock.advance(100);
    call(0).resolve("late");
    await drainMicrotasks();
    expect(got.state).toMatchObject({ error: { code: "timeout" } });
    expect(await cache.get("k")).toBeUndefined();
  });

  test("serves the old value instead of the error where staleIfError allows it", async () => {
    const { cache, clock } = createCache({ hardTimeout: 100, staleIfError: "1h" });
    const { refresh } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_500);
    const got = watch(cache.get("k", refresh));
    await clock.advance(100);
    expect(got.state).toEqual({ value: "old" });
  });

  test("of one caller does not shorten another's wait", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    const short = watch(cache.get("k", refresh, { hardTimeout: 100 }));
    const long = watch(cache.get("k", refresh, { hardTimeout: 1_000 }));
    const free = watch(cache.get("k", refresh));
    await clock.advance(999);
    expect(short.state).toMatchObject({ error: { code: "timeout" } });
    expect(long.state).toBeUndefined();
    expect(call(0).argument.signal.aborted).toBe(false);
    call(0).resolve("v");
    await drainMicrotasks();
    expect([long.state, free.state]).toEqual([{ value: "v" }, { value: "v" }]);
    expect(await cache.get("k")).toBe("v");
    expect(clock.pendingKeepAlive).toBe(0);
  });

  test("is a limit for the background refresh too", async () => {
    const { cache, clock } = createCache({ hardTimeout: 100 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get("k", refresh)).toBe("old");
    await drainMicrotasks();
    await clock.advance(100);
    expect(call(0).argument.signal.reason).toMatchObject({ code: "timeout" });
    expect(cache.stats().refreshes).toMatchObject({ failed: 1, inFlight: 0 });
  });

  test("ends a batch for its caller, and aborts it", async () => {
    const { cache, clock } = createCache({ hardTimeout: 100 });
    const { refresh, call } = controlledBatch();
    const got = watch(cache.getMany(["a", "b"], refresh));
    await clock.advance(100);
    expect(got.state).toMatchObject({ error: { code: "timeout" } });
    expect(call(0).argument.context.signal.aborted).toBe(true);
    expect(clock.pendingKeepAlive).toBe(0);
  });

  test("comes after softTimeout: the stale value first", async () => {
    const { cache, clock } = createCache({ softTimeout: 100, hardTimeout: 200 });
    const { refresh } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = watch(cache.get("k", refresh));
    await clock.advance(100);
    expect(got.state).toEqual({ value: "old" });
  });
});
