// Fresh, stale while it is refreshed, then gone: the ordinary life of an entry.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

describe("a miss", () => {
  test("calls the refresh and gives its value to the caller", async () => {
    const { cache } = createCache();
    expect(await cache.get("k", () => "v")).toBe("v");
    expect(await cache.get("k")).toBe("v");
  });

  test("without a refresh is undefined", async () => {
    const { cache } = createCache();
    expect(await cache.get("k")).toBeUndefined();
  });

  test("takes a refresh that is not asynchronous", async () => {
    const { cache } = createCache();
    expect(await cache.get("k", ({ key }) => key.length)).toBe(1);
  });

  test("with a refresh that throws at once rejects with that very error and stores nothing", async () => {
    const { cache } = createCache();
    const error = new Error("database down");
    const failing = cache.get("k", () => {
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(await cache.has("k")).toBe(false);
  });

  test("with a refresh that gives undefined gives undefined and stores nothing", async () => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    expect(await cache.get<string | undefined>("k", () => undefined)).toBeUndefined();
    expect(await cache.has("k")).toBe(false);
    expect(events.at(-1)).toMatchObject({ type: "refreshEnd", notStored: "undefined" });
  });
});

describe("a fresh entry", () => {
  test("is served without calling the refresh", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls } = controlled();
    await cache.set("k", "v");
    await clock.advance(999);
    expect(await cache.get("k", refresh)).toBe("v");
    expect(calls).toHaveLength(0);
  });

  test("is refreshed by forceRefresh, and the caller gets the new value", async () => {
    const { cache } = createCache();
    await cache.set("k", "old");
    expect(await cache.get("k", () => "new", { forceRefresh: true })).toBe("new");
    expect(await cache.get("k")).toBe("new");
  });

  test("stays when a forced refresh fails, and the caller hears of the failure", async () => {
    const { cache } = createCache();
    await cache.set("k", "old");
    await expect(cache.get("k", () => Promise.reject(new Error("no")), { forceRefresh: true })).rejects.toThrow("no");
    expect(await cache.get("k")).toBe("old");
  });
});

describe("a stale entry", () => {
  test("is served at once while one refresh runs behind", async () => {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get("k", refresh)).toBe("old");
    expect(await cache.get("k", refresh)).toBe("old");
    await drainMicrotasks();
    expect(calls).toHaveLength(1);

    call(0).resolve("new");
    await drainMicrotasks();
    expect(await cache.get("k", refresh)).toBe("new");
    expect(calls).toHaveLength(1);
  });

  test("is served by a read without a refresh", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "old");
    await clock.advance(1_499);
    expect(await cache.get("k")).toBe("old");
    expect(cache.getSync("k")).toBe("old");
  });

  test("is waited for with backgroundRefresh: false", async () => {
    const { cache, clock } = createCache({ backgroundRefresh: false });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const pending = cache.get("k", refresh);
    call(0).resolve("new");
    expect(await pending).toBe("new");
  });

  test("goes when its refresh gives undefined", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get<string | undefined>("k", () => undefined)).toBe("old");
    await drainMicrotasks();
    expect(await cache.get("k")).toBeUndefined();
  });

  test("lives anew from the moment its refresh ends, not from when it began", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", refresh);
    await drainMicrotasks();
    await clock.advance(400);
    call(0).resolve("new");
    await drainMicrotasks();
    expect(await cache.ttl("k")).toBe(1_000);
    expect(await cache.getEntry("k")).toMatchObject({
      createdAt: clock.now(),
      freshUntil: clock.now() + 1_000,
      staleUntil: clock.now() + 1_500,
      errorUntil: clock.now() + 1_500,
    });
  });

  test("with ttl 0 is stale from the start: served, and refreshed behind every time", async () => {
    const { cache } = createCache({ ttl: 0 });
    let n = 0;
    const refresh = () => ++n;
    expect(await cache.get("k", refresh)).toBe(1);
    expect(await cache.get("k", refresh)).toBe(1);
    await drainMicrotasks();
    expect(await cache.get("k", refresh)).toBe(2);
  });

  test("does not exist when all lifetimes are 0: every read waits for its refresh", async () => {
    const { cache } = createCache({ ttl: 0, staleWhileRevalidate: 0 });
    const events = recordEvents(cache);
    let n = 0;
    expect(await cache.get("k", () => ++n)).toBe(1);
    expect(await cache.get("k", () => ++n)).toBe(2);
    expect(events.findLast(({ type }) => type === "refreshEnd")).toMatchObject({ notStored: "no-lifetime" });
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 0 });
  });
});

describe("the events of a life", () => {
  test("come once each, in order", async () => {
    const { cache, clock } = createCache();
    const events = recordEvents(cache);
    await cache.get("k", () => 1);
    await cache.get("k", () => 2);
    await clock.advance(1_000);
    await cache.get("k", () => 3);
    await drainMicrotasks();
    await cache.get("k", () => 4);
    expect(typesOf(events)).toEqual([
      ...["miss", "refreshStart", "refreshEnd"],
      ...["hit"],
      ...["stale", "refreshStart", "refreshEnd"],
      ...["hit"],
    ]);
    const at = { key: "k", namespace: undefined };
    expect(events.slice(0, 5)).toEqual([
      { type: "miss", ...at },
      { type: "refreshStart", ...at, background: false },
      { type: "refreshEnd", ...at, background: false, durationMs: 0, notStored: undefined },
      { type: "hit", ...at, tier: "memory" },
      { type: "stale", ...at, tier: "memory" },
    ]);
    expect(events[5]).toEqual({ type: "refreshStart", ...at, background: true });
  });
});
