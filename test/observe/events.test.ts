// Events: each once, in order, and whatever listeners do stays with them.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { memoryTier, type CacheEvent, type MemoryTierStats } from "../../src/index.ts";
import { EVENT_TYPES } from "../../src/observe/event-types.ts";
import { createCache } from "../support/cache.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

describe("invalidations", () => {
  test("are reported once each, with what was meant", async () => {
    const { cache } = createCache();
    await cache.setMany({ a: 1, b: 2 }, { namespace: "n" });
    const events = recordEvents(cache);
    const of = { namespace: "n" };
    await cache.delete("a", of);
    await cache.deleteMany(["x", "y"]);
    await cache.deleteMatching("*", of);
    await cache.markStale("c");
    await cache.invalidateTags(["t", "u"]);
    await cache.markTagsStale(["t"]);
    await cache.clearNamespace("n");
    await cache.markNamespaceStale();
    await cache.clear();
    const type = "invalidate";
    const remote = false;
    expect(events).toEqual([
      { type, target: "key", name: "a", namespace: "n", soft: false, remote },
      { type, target: "key", name: "x", namespace: undefined, soft: false, remote },
      { type, target: "key", name: "y", namespace: undefined, soft: false, remote },
      { type, target: "key", name: "b", namespace: "n", soft: false, remote },
      { type, target: "key", name: "c", namespace: undefined, soft: true, remote },
      { type, target: "tag", name: "t", namespace: undefined, soft: false, remote },
      { type, target: "tag", name: "u", namespace: undefined, soft: false, remote },
      { type, target: "tag", name: "t", namespace: undefined, soft: true, remote },
      { type, target: "namespace", name: "n", namespace: undefined, soft: false, remote },
      { type, target: "namespace", name: undefined, namespace: undefined, soft: true, remote },
      { type, target: "all", name: undefined, namespace: undefined, soft: false, remote },
    ]);
    expect(cache.stats().invalidations).toBe(11);
  });
});

describe("refreshes and sets", () => {
  test("a fenced refresh reports the invalidation, the rejected fill and its end, in this order", async () => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    await cache.get("k", async () => {
      await cache.delete("k");
      return "v";
    });
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "invalidate", "fillRejected", "refreshEnd"]);
    expect(events[3]).toEqual({ type: "fillRejected", key: "k", namespace: undefined });
  });

  test("a failed refresh reports its error and, with an old value, when it is tried again", async () => {
    const { cache, clock } = createCache();
    const events = recordEvents(cache);
    const error = new Error("down");
    await expect(cache.get("k", () => Promise.reject(error))).rejects.toBe(error);
    expect(events.at(-1)).toEqual({
      type: "refreshFail",
      key: "k",
      namespace: undefined,
      background: false,
      error,
      retryAt: undefined,
    });
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", () => Promise.reject(error));
    await drainMicrotasks();
    expect(events.at(-1)).toMatchObject({ background: true, error, retryAt: clock.now() + 1_000 });
  });

  test("a refresh reports how long it took", async () => {
    const { cache, clock } = createCache();
    const events = recordEvents(cache);
    await cache.get("k", async () => {
      await clock.advance(250);
      return "v";
    });
    expect(events.at(-1)).toMatchObject({ type: "refreshEnd", durationMs: 250, notStored: undefined });
  });

  test("a set and an eviction are reported with key and namespace", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 2 })] });
    const events = recordEvents(cache);
    await cache.set("a", 1, { namespace: "n" });
    await cache.set("\0b", 1);
    await cache.set("c", 1);
    await cache.set("d", 1);
    expect(events.filter(({ type }) => type === "evict")).toEqual([
      { type: "evict", tier: "memory", key: "a", namespace: "n" },
      { type: "evict", tier: "memory", key: "\0b", namespace: undefined },
    ]);
    expect(typesOf(events).filter((type) => type === "set")).toHaveLength(4);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 2, evictions: 2 });
  });

  test("reads without a refresh report hits, stale hits and misses", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h" });
    await cache.set("k", "v");
    const events = recordEvents(cache);
    await cache.get("k");
    cache.getSync("k");
    await clock.advance(1_000);
    await cache.get("k");
    cache.getSync("k");
    await clock.advance(500);
    await cache.get("k");
    cache.getSync("k");
    await cache.getMany(["k"]);
    expect(typesOf(events)).toEqual(["hit", "hit", "stale", "stale", "miss", "miss", "miss"]);
  });
});

test("the design page has every event in its table, and nothing else", () => {
  const page = readFileSync(new URL("../../src/DESIGN.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## Events"), page.indexOf("## Why is this stale?"));
  const rows = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, type]) => type);
  expect(new Set(rows)).toEqual(new Set(EVENT_TYPES));
  expect(rows).toHaveLength(EVENT_TYPES.length);
});

describe("a listener", () => {
  test("hears its type alone, until it is taken off", async () => {
    const { cache } = createCache();
    const heard: CacheEvent[] = [];
    const listener = (event: CacheEvent): void => void heard.push(event);
    const stop = cache.on("hit", listener);
    cache.on("hit", listener);
    await cache.set("k", 1);
    await cache.get("k");
    expect(typesOf(heard)).toEqual(["hit"]);
    stop();
    stop();
    await cache.get("k");
    cache.on("miss", listener);
    cache.off("miss", () => undefined);
    await cache.get("none");
    cache.off("miss", listener);
    cache.off("stale", listener);
    await cache.get("none");
    expect(typesOf(heard)).toEqual(["hit", "miss"]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("listener");
      },
    ],
    ["rejects", () => Promise.reject(new Error("listener"))],
  ])("that %s hurts neither the cache nor other listeners, and is reported", async (_how, bad) => {
    const { cache } = createCache();
    const heard: CacheEvent[] = [];
    cache.on("miss", bad);
    cache.on("miss", (event) => heard.push(event));
    cache.on("refreshStart", bad);
    cache.on("refreshEnd", bad);
    cache.on("invalidate", bad);
    cache.on("listenerError", (event) => heard.push(event));
    expect(await cache.get("k", () => "v")).toBe("v");
    await cache.delete("k");
    await drainMicrotasks();
    expect(typesOf(heard).toSorted()).toEqual([...Array.from({ length: 4 }, () => "listenerError"), "miss"]);
    const errors = heard.filter((event) => event.type === "listenerError");
    expect(errors.map(({ event }) => event.type)).toEqual(["miss", "refreshStart", "refreshEnd", "invalidate"]);
    expect(errors[0]?.error).toMatchObject({ message: "listener" });
  });

  test("of listener errors that throws or rejects is not asked again about that", async () => {
    const { cache } = createCache();
    let calls = 0;
    cache.on("miss", () => {
      throw new Error("listener");
    });
    cache.on("listenerError", () => {
      calls++;
      throw new Error("again");
    });
    cache.on("listenerError", () => (calls++, Promise.reject(new Error("and again"))));
    await cache.get("k");
    await drainMicrotasks();
    expect(calls).toBe(2);
  });

  test("may use the cache itself", async () => {
    const { cache } = createCache();
    cache.on("set", ({ key }) => (key === "k" ? cache.delete(key) : undefined));
    cache.on("miss", ({ key }) => cache.setSync(key, "from the listener"));
    await cache.set("k", "v");
    expect(await cache.get("k")).toBeUndefined();
    expect(cache.getSync("l")).toBeUndefined();
    expect(cache.getSync("l")).toBe("from the listener");
  });

  test("of evictions may set and delete: the tier stays within its bound and whole", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 3 })] });
    const rescued: string[] = [];
    cache.on("evict", ({ key }) => {
      if (rescued.length >= 5) return;
      rescued.push(key);
      cache.setSync(`rescued ${key}`, key);
      cache.deleteSync("b");
    });
    for (const key of ["a", "b", "c", "d", "e", "f", "g", "h"]) await cache.set(key, key);
    const { entries } = cache.stats().tiers["memory"] as MemoryTierStats;
    expect(entries).toBeLessThanOrEqual(3);
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toHaveLength(entries);
    expect(keys).toContain("h");
    for (const key of keys) expect(await cache.get(key)).toBe(key.replace("rescued ", ""));
    await cache.set("i", "i");
    expect(await cache.get("i")).toBe("i");
    expect((cache.stats().tiers["memory"] as MemoryTierStats).entries).toBeLessThanOrEqual(3);
  });
});
