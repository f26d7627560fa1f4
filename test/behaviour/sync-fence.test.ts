// P3 for synchronous refreshes: what overtakes them, and what they overtake.

import { describe, expect, test } from "vitest";
import { memoryTier, type TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

type Verb = (cache: TieredCacheManager) => unknown;

/** All that ends, or makes stale, the key `k` in the namespace `n` with the tags `given` and `named`. */
const INVALIDATIONS: Readonly<Record<string, Verb>> = {
  deleteSync: (cache) => cache.deleteSync("k", { namespace: "n" }),
  delete: (cache) => cache.delete("k", { namespace: "n" }),
  deleteMany: (cache) => cache.deleteMany(["k"], { namespace: "n" }),
  deleteMatching: (cache) => cache.deleteMatching("k*", { namespace: "n" }),
  markStale: (cache) => cache.markStale("k", { namespace: "n" }),
  "invalidateTags, of a tag of the call": (cache) => cache.invalidateTags(["given"]),
  "invalidateTags, of a tag it names": (cache) => cache.invalidateTags(["named"]),
  markTagsStale: (cache) => cache.markTagsStale(["named"]),
  clearNamespace: (cache) => cache.clearNamespace("n"),
  markNamespaceStale: (cache) => cache.markNamespaceStale("n"),
  clear: (cache) => cache.clear(),
};

const OPTIONS = { namespace: "n", tags: ["given"] };

describe("P3 what a synchronous refresh invalidates itself is not stored", () => {
  test.each(Object.entries(INVALIDATIONS))("%s", (_name, invalidate) => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    const value = cache.getSync("k", ({ setTags }) => (setTags(["named"]), invalidate(cache), "overtaken"), OPTIONS);
    expect([value, cache.getSync("k", OPTIONS)]).toEqual(["overtaken", undefined]);
    expect(events).toContainEqual(expect.objectContaining({ type: "refreshEnd", notStored: "invalidated" }));
    expect([typesOf(events).includes("fillRejected"), cache.stats().refreshes.fenced]).toEqual([true, 1]);
  });

  test("before it names the tag: that it will have it was known to nobody", () => {
    const { cache } = createCache();
    cache.getSync("k", ({ setTags }) => (void cache.invalidateTags(["named"]), setTags(["named"]), "overtaken"));
    expect(cache.getSync("k")).toBeUndefined();
  });

  test("in the code that measures its value", () => {
    const inside: { cache?: TieredCacheManager } = {};
    const sizeOf = (value: unknown): number => (value === "overtaken" && inside.cache!.deleteSync("k"), 1);
    const { cache } = createCache({ tiers: [memoryTier({ maxBytes: 100, sizeOf })] });
    inside.cache = cache;
    expect(cache.getSync("k", () => "overtaken")).toBe("overtaken");
    expect(cache.getSync("k")).toBeUndefined();
    cache.getSync("k", () => "by ttl", { ttl: () => (cache.deleteSync("k"), 1_000) });
    expect(cache.getSync("k")).toBeUndefined();
  });

  test("what it sets itself stays", () => {
    const { cache } = createCache();
    expect(cache.getSync<string>("k", () => (cache.setSync("k", "set"), "loaded"))).toBe("loaded");
    expect(cache.getSync("k")).toBe("set");
  });

  test("what it invalidates of others does not concern it", () => {
    const { cache } = createCache();
    cache.getSync(
      "k",
      () => {
        cache.deleteSync("k");
        void cache.invalidateTags(["other"]);
        void cache.clearNamespace();
        void cache.deleteMatching("z*", { namespace: "n" });
        return "v";
      },
      OPTIONS,
    );
    expect(cache.getSync("k", OPTIONS)).toBe("v");
  });

  test("and an inner refresh does not take the outer one with it", () => {
    const { cache } = createCache();
    cache.getSync("outer", () => cache.getSync("inner", () => (cache.deleteSync("inner"), "v")));
    expect([cache.getSync("outer"), cache.getSync("inner")]).toEqual(["v", undefined]);
  });
});

describe("a synchronous refresh beside an asynchronous one of its key", () => {
  test("overtakes it, like a set", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    expect(cache.getSync<string>("k", () => "sync")).toBe("sync");
    call(0).resolve("async");
    expect(await got).toBe("async");
    expect([cache.getSync("k"), await cache.get("k")]).toEqual(["sync", "sync"]);
  });

  test("leaves it alone when it fails, or stores nothing", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    const down = (): never => {
      throw new Error("down");
    };
    expect(() => cache.getSync("k", down)).toThrow("down");
    cache.getSync("k", ({ skip }) => skip(1));
    call(0).resolve("async");
    expect([await got, cache.getSync("k")]).toEqual(["async", "async"]);
  });

  test("overtakes a set that waits for its validation", async () => {
    let accept: (verdict: boolean) => void = () => undefined;
    const validate = (value: unknown): unknown =>
      value === "set" ? new Promise<boolean>((resolve) => (accept = resolve)) : true;
    const { cache } = createCache({ validate });
    const setting = cache.set("k", "set");
    await drainMicrotasks();
    expect(cache.getSync<string>("k", () => "loaded")).toBe("loaded");
    accept(true);
    await setting;
    expect(cache.getSync("k")).toBe("loaded");
  });

  test("finishes when it closes the cache, and keeps nothing open", async () => {
    const { cache, clock } = createCache();
    let closing: Promise<void> | undefined;
    expect(cache.getSync("k", () => ((closing = cache.close()), "v"))).toBe("v");
    await closing;
    expect(clock.pending).toBe(0);
  });
});
