// P12: close() drains what runs, within a deadline, and leaves nothing behind.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  await drainMicrotasks();
  const first = await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)]);
  return first !== pending;
}

describe("P12", () => {
  test("P12 an idle cache closes at once and leaves no timer", async () => {
    const { cache, clock } = createCache({ cleanupInterval: "1m", ttl: "1h" });
    await cache.set("k", "v");
    await cache.get("k");
    await cache.close();
    expect(clock.pending).toBe(0);
  });

  test("P12 waits for running refreshes, whose callers get their values", async () => {
    const { cache, clock } = createCache();
    const single = controlled();
    const batch = controlledBatch();
    const background = controlled();
    await cache.set("stale", "old");
    await clock.advance(1_000);
    await cache.get("stale", background.refresh);
    const got = cache.get("a", single.refresh);
    const many = cache.getMany(["b"], batch.refresh);
    await drainMicrotasks();
    const closing = cache.close();
    expect(await isSettled(closing)).toBe(false);
    single.call(0).resolve("A");
    batch.call(0).resolve(["B"]);
    expect(await isSettled(closing)).toBe(false);
    background.call(0).reject(new Error("down"));
    await closing;
    expect(await got).toBe("A");
    expect(await many).toEqual(["B"]);
    expect(clock.pending).toBe(0);
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });

  test("P12 aborts at the deadline what still runs, and tells its callers", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh, { hardTimeout: "1h" });
    const outcome = got.catch((error: unknown) => error);
    const closing = cache.close({ timeout: "3s" });
    await clock.advance(2_999);
    expect(await isSettled(closing)).toBe(false);
    expect(call(0).argument.signal.aborted).toBe(false);
    await clock.advance(1);
    await closing;
    expect(await outcome).toMatchObject({ code: "closed" });
    expect(call(0).argument.signal.reason).toMatchObject({ code: "closed" });
    call(0).reject(new Error("too late"));
    await drainMicrotasks();
    expect(clock.pending).toBe(0);
  });

  test("P12 has a deadline of closeTimeout, 5 s by default, which keeps the process alive", async () => {
    for (const [options, deadline] of [
      [{}, 5_000],
      [{ closeTimeout: 700 }, 700],
    ] as const) {
      const { cache, clock } = createCache(options);
      const { refresh } = controlled();
      const got = cache.get("k", refresh);
      const outcome = got.catch((error: unknown) => error);
      const closing = cache.close();
      await clock.advance(deadline - 1);
      expect(clock.pendingKeepAlive).toBe(1);
      expect(await isSettled(closing)).toBe(false);
      await clock.advance(1);
      await closing;
      expect(await outcome).toMatchObject({ code: "closed" });
      expect(clock.pending).toBe(0);
    }
  });

  test("P12 gives callers the old value where they may have it, when the deadline comes", async () => {
    const { cache, clock } = createCache({ backgroundRefresh: false });
    const { refresh } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const got = cache.get("k", refresh);
    const closing = cache.close({ timeout: 0 });
    await clock.advance(0);
    await closing;
    expect(await got).toBe("old");
  });

  test("P12 queued background refreshes never begin", async () => {
    const { cache, clock } = createCache({ refreshConcurrency: 1 });
    const running = controlled();
    const queued = controlled();
    await cache.setMany({ a: "a0", b: "b0", c: "c0" });
    await clock.advance(1_000);
    await cache.get("a", running.refresh);
    await cache.getMany(["b", "c"], () => queued.refresh({} as never) as never);
    await drainMicrotasks();
    const closing = cache.close();
    running.call(0).resolve("a1");
    await closing;
    await drainMicrotasks();
    expect(queued.calls).toHaveLength(0);
    expect(clock.pending).toBe(0);
    expect(cache.stats().refreshes).toMatchObject({ inFlight: 0, background: 1 });
  });

  test("P12 begins no refresh for a caller that has to read again", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const before = cache.get("k", refresh);
    await cache.invalidateTags(["late"]);
    const after = cache.get("k", refresh);
    const outcome = after.catch((error: unknown) => error);
    const closing = cache.close();
    call(0).argument.setTags(["late"]);
    call(0).resolve("old");
    expect(await before).toBe("old");
    await closing;
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    expect(await outcome).toMatchObject({ code: "closed" });
  });

  test("P12 is idempotent: a second close waits for the first and changes nothing", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    const first = cache.close();
    const second = cache.close({ timeout: 0 });
    await clock.advance(1);
    expect(await isSettled(second)).toBe(false);
    call(0).resolve("v");
    await Promise.all([first, second, got]);
    await cache.close();
    expect(clock.pending).toBe(0);
  });

  test("P12 `await using` closes at the end of the block", async () => {
    const { cache, clock } = createCache({ cleanupInterval: "1m" });
    {
      await using scoped = cache;
      await scoped.set("k", "v");
    }
    await expect(cache.get("k")).rejects.toMatchObject({ code: "closed" });
    expect(clock.pending).toBe(0);
  });

  test("P12 a set that is being validated meanwhile leaves nothing behind", async () => {
    const { cache, clock } = createCache({ validate: async () => true });
    const setting = cache.set("k", "v").catch((error: unknown) => error);
    await cache.close();
    await setting;
    expect(clock.pending).toBe(0);
  });
});

describe("health", () => {
  test("is healthy while open, down after close, and says so when disabled", async () => {
    const { cache } = createCache();
    expect(await cache.health()).toEqual({ status: "healthy", tiers: { memory: { status: "healthy" } }, reasons: [] });
    await cache.close();
    expect(await cache.health()).toEqual({
      status: "down",
      tiers: { memory: { status: "down" } },
      reasons: ["the cache is closed"],
    });
    const disabled = createCache({ enabled: false }).cache;
    expect(await disabled.health()).toMatchObject({
      status: "healthy",
      tiers: {},
      reasons: [expect.stringContaining("disabled")],
    });
  });
});

describe("after close", () => {
  test("stats, on and off still answer", async () => {
    const { cache } = createCache();
    await cache.set("k", "v");
    await cache.close();
    expect(cache.stats().sets).toBe(1);
    const off = cache.on("hit", () => undefined);
    off();
  });
});
