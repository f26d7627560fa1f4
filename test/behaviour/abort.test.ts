// AbortSignal: a caller may leave; the refresh ends when the last one has.

import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

describe("a caller's signal", () => {
  test("already aborted rejects with its reason and calls nothing, even where there is a value", async () => {
    const { cache } = createCache();
    const { refresh, calls } = controlled();
    const reason = new Error("gone");
    const options = { signal: AbortSignal.abort(reason) };
    await expect(cache.get("k", refresh, options)).rejects.toBe(reason);
    await expect(cache.getMany(["k"], () => ["v"], options)).rejects.toBe(reason);
    await cache.set("k", "v");
    await expect(cache.get("k", refresh, options)).rejects.toBe(reason);
    expect(calls).toHaveLength(0);
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });

  test("rejects that caller at once with its reason, and never the others", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const controller = new AbortController();
    const leaving = cache.get("k", refresh, { signal: controller.signal });
    const staying = cache.get("k", refresh);
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    expect(call(0).argument.signal.aborted).toBe(false);
    call(0).resolve("v");
    expect(await staying).toBe("v");
    expect(await cache.get("k")).toBe("v");
  });

  test("aborts the refresh when the last caller leaves; its late result is not stored", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const one = new AbortController();
    const two = new AbortController();
    const got = Promise.allSettled([
      cache.get("k", refresh, { signal: one.signal }),
      cache.get("k", refresh, { signal: two.signal }),
    ]);
    one.abort(new Error("one"));
    expect(call(0).argument.signal.aborted).toBe(false);
    two.abort(new Error("two"));
    expect(call(0).argument.signal.aborted).toBe(true);
    expect(call(0).argument.signal.reason).toMatchObject({ message: "two" });
    expect(await got).toMatchObject([{ reason: { message: "one" } }, { reason: { message: "two" } }]);
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 0, failed: 0 });

    const next = cache.get("k", refresh);
    expect(calls).toHaveLength(2);
    call(0).resolve("late");
    await drainMicrotasks();
    expect(await cache.get("k")).toBeUndefined();
    call(1).resolve("new");
    expect(await next).toBe("new");
  });

  test("is seen by a refresh that asks for its signal only after the abort", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const controller = new AbortController();
    const got = cache.get("k", refresh, { signal: controller.signal });
    controller.abort(new Error("gone"));
    await expect(got).rejects.toThrow("gone");
    const { signal } = call(0).argument;
    expect(signal.aborted).toBe(true);
    expect(signal).toBe(call(0).argument.signal);
  });

  test("does not abort a background refresh that the caller joined", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", refresh);
    await drainMicrotasks();
    const controller = new AbortController();
    const got = cache.get("k", refresh, { signal: controller.signal, forceRefresh: true });
    controller.abort(new Error("gone"));
    await expect(got).rejects.toThrow("gone");
    expect(call(0).argument.signal.aborted).toBe(false);
    call(0).resolve("new");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("new");
  });

  test("that never aborts is left without a listener", async () => {
    const { cache } = createCache();
    const { signal } = new AbortController();
    await cache.get("k", () => "v", { signal });
    await cache.get("k", () => "v", { signal });
    await cache.getMany(["k", "l"], (keys) => keys, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("that the refresh itself aborts before its first await rejects its caller", async () => {
    const { cache } = createCache();
    const controller = new AbortController();
    const { refresh, call } = controlled();
    const got = cache.get<string>(
      "k",
      (context) => {
        controller.abort(new Error("gone"));
        return refresh(context);
      },
      { signal: controller.signal },
    );
    let outcome: unknown = "pending";
    got.catch((error: unknown) => (outcome = error));
    await drainMicrotasks();
    call(0).resolve("v");
    expect(outcome).toMatchObject({ message: "gone" });
  });

  test("after the value has come changes nothing", async () => {
    const { cache } = createCache();
    const controller = new AbortController();
    expect(await cache.get("k", () => "v", { signal: controller.signal })).toBe("v");
    controller.abort();
    expect(await cache.get("k")).toBe("v");
  });

  test("is not a failure: no back-off, no rescue", async () => {
    const { cache, clock } = createCache({ backgroundRefresh: false });
    const events = recordEvents(cache);
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const controller = new AbortController();
    const got = cache.get("k", refresh, { signal: controller.signal });
    controller.abort(new Error("gone"));
    await expect(got).rejects.toThrow("gone");
    expect(events.at(-1)).toMatchObject({ type: "refreshFail", retryAt: undefined });
    const next = cache.get("k", refresh);
    expect(calls).toHaveLength(2);
    call(1).resolve("new");
    expect(await next).toBe("new");
  });
});

describe("a signal in a batch", () => {
  test("leaves the batch to those who wait for other keys of it", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlledBatch();
    const controller = new AbortController();
    const many = cache.getMany(["a", "b"], refresh, { signal: controller.signal });
    const b = cache.get("b", () => "not called");
    controller.abort(new Error("gone"));
    await expect(many).rejects.toThrow("gone");
    const { signal } = call(0).argument.context;
    expect(signal.aborted).toBe(false);
    call(0).resolve({ a: "A", b: "B" });
    expect(await b).toBe("B");
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, "B"]);
  });

  test("aborts it when nobody waits for any of its keys", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlledBatch();
    const controller = new AbortController();
    const many = cache.getMany(["a", "b"], refresh, { signal: controller.signal });
    controller.abort(new Error("gone"));
    await expect(many).rejects.toThrow("gone");
    expect(call(0).argument.context.signal.aborted).toBe(true);
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });
});
