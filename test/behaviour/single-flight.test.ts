// P1: one refresh per key, whatever the number of callers, and its end for all of them.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const CALLERS = 100;

describe("P1", () => {
  test("P1 calls the refresh once for many callers and gives all of them the same value", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled<object>();
    const all = Promise.all(Array.from({ length: CALLERS }, () => cache.get("k", refresh)));
    const value = { id: 1 };
    call(0).resolve(value);
    for (const got of await all) expect(got).toBe(value);
    expect(calls).toHaveLength(1);
    expect(cache.stats()).toMatchObject({ misses: CALLERS, refreshes: { foreground: 1, joined: CALLERS - 1 } });
  });

  test("P1 gives all callers the very rejection, and calls the refresh anew after it", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const all = Promise.allSettled(Array.from({ length: CALLERS }, () => cache.get("k", refresh)));
    const error = new Error("down");
    call(0).reject(error);
    for (const got of await all) expect(got).toEqual({ status: "rejected", reason: error });
    expect(calls).toHaveLength(1);
    expect(cache.stats().refreshes.failed).toBe(1);

    const next = cache.get("k", refresh);
    call(1).resolve("up");
    expect(await next).toBe("up");
  });

  test("P1 lets a caller join who comes while the refresh runs", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlled();
    const first = cache.get("k", refresh);
    await clock.advance(59_999);
    const second = cache.get("k", () => "another");
    call(0).resolve("v");
    expect(await Promise.all([first, second])).toEqual(["v", "v"]);
    expect(calls).toHaveLength(1);
  });

  test("P1 starts no second refresh behind a stale value, whoever asks", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await Promise.all(Array.from({ length: CALLERS }, () => cache.get("k", refresh)));
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    const forced = cache.get("k", refresh, { forceRefresh: true });
    call(0).resolve("new");
    expect(await forced).toBe("new");
    expect(calls).toHaveLength(1);
  });

  test("P1 starts a queued background refresh at once when a caller has to wait for it", async () => {
    const { cache, clock } = createCache({ refreshConcurrency: 1 });
    const blocking = controlled();
    const queued = controlled();
    await cache.setMany({ a: "a0", b: "b0" });
    await clock.advance(1_000);
    await cache.get("a", blocking.refresh);
    await cache.get("b", queued.refresh);
    await drainMicrotasks();
    expect(queued.calls).toHaveLength(0);

    const waiting = cache.get("b", () => "not called", { forceRefresh: true });
    expect(queued.calls).toHaveLength(1);
    queued.call(0).resolve("b1");
    expect(await waiting).toBe("b1");
    blocking.call(0).resolve("a1");
    await drainMicrotasks();
    expect(queued.calls).toHaveLength(1);
  });

  test("P1 shares flights between a cache and the views of its namespaces", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const got = Promise.all([
      cache.get("k", refresh, { namespace: "n" }),
      cache.namespace("n").get("k", refresh),
      cache.namespace("n", { ttl: "1h" }).get("k", refresh),
    ]);
    call(0).resolve("v");
    expect(await got).toEqual(["v", "v", "v"]);
    expect(calls).toHaveLength(1);
  });

  test("P1 keeps flights of other keys and namespaces apart", async () => {
    const { cache } = createCache();
    const { refresh, calls } = controlled();
    void cache.get("k", refresh);
    void cache.get("l", refresh);
    void cache.get("k", refresh, { namespace: "n" });
    expect(calls).toHaveLength(3);
    expect(calls.map(({ argument }) => [argument.namespace, argument.key])).toEqual([
      [undefined, "k"],
      [undefined, "l"],
      ["n", "k"],
    ]);
    expect(cache.stats().refreshes.inFlight).toBe(3);
  });

  test("P1 lets single reads join a batch, and a batch join single reads", async () => {
    const { cache } = createCache();
    const single = controlled();
    const batch = controlledBatch();
    const a = cache.get("a", single.refresh);
    const many = cache.getMany(["a", "b", "c"], batch.refresh);
    const c = cache.get("c", single.refresh);
    expect(batch.call(0).argument.keys).toEqual(["b", "c"]);
    batch.call(0).resolve({ b: "B", c: "C" });
    single.call(0).resolve("A");
    expect(await many).toEqual(["A", "B", "C"]);
    expect(await a).toBe("A");
    expect(await c).toBe("C");
    expect(single.calls).toHaveLength(1);
  });

  test("P1 calls a batch refresh once for callers of the same keys", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlledBatch();
    const all = Promise.all(Array.from({ length: 10 }, () => cache.getMany(["a", "b"], refresh)));
    call(0).resolve(["A", "B"]);
    for (const got of await all) expect(got).toEqual(["A", "B"]);
    expect(calls).toHaveLength(1);
  });
});

describe("a refresh that seems to hang", () => {
  test("is joined for refreshTimeout, then later callers start another", async () => {
    const { cache, clock } = createCache({ refreshTimeout: "10s" });
    const { refresh, calls, call } = controlled();
    const first = cache.get("k", refresh);
    await clock.advance(9_999);
    const second = cache.get("k", refresh);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    const third = cache.get("k", refresh);
    expect(calls).toHaveLength(2);

    call(1).resolve("new");
    expect(await third).toBe("new");
    call(0).resolve("late");
    expect(await Promise.all([first, second])).toEqual(["late", "late"]);
    expect(await cache.get("k")).toBe("new");
  });
});
