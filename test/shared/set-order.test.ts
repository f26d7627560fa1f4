// A set that has to wait before it is sent, and what is invalidated after it was called: in the order of the calls.

import { expect, describe, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { eventually, SHAPES_WITHOUT_COPIES, SharedWorld, type OpenOptions } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** So long that it is compressed on another thread. */
const LONG = "long ".repeat(100_000);
/** What each does to key `k` of namespace `n` with tag `t`. */
const ENDS: readonly (readonly [string, (cache: TieredCacheManager) => Promise<unknown>])[] = [
  ["invalidateTags", (cache) => cache.invalidateTags(["t"])],
  ["clearNamespace", (cache) => cache.clearNamespace("n")],
  ["clear", (cache) => cache.clear()],
  ["deleteMatching", (cache) => cache.deleteMatching("k*", { namespace: "n" })],
];
const MARKS: typeof ENDS = [
  ["markTagsStale", (cache) => cache.markTagsStale(["t"])],
  ["markNamespaceStale", (cache) => cache.markNamespaceStale("n")],
];
const WHERE = { namespace: "n", tags: ["t"] } as const;

/** Why a set cannot be sent at once. */
const WAITS: readonly (readonly [string, OpenOptions])[] = [
  ["its epochs are not known", {}],
  ["its value is being compressed", { redis: { compression: "gzip" } }],
];

describe.each(SHAPES_WITHOUT_COPIES)("%s", (_name, shape) => {
  describe.each(WAITS)("where %s", (_why, options) => {
    test.each(ENDS)("P3 %s ends what was set before it in the same turn", async (_verb, end) => {
      const { a, b } = await world.pair({ ...options, shape });
      await Promise.all([a.set("k", LONG, WHERE), end(a)]);
      expect(await a.get("k", WHERE)).toBeUndefined();
      expect(await b.get("k", { ...WHERE, tiers: { memory: false } })).toBeUndefined();
    });

    test.each(MARKS)("P3 %s makes stale what was set before it in the same turn", async (_verb, mark) => {
      const { a, b } = await world.pair({ ...options, shape });
      await Promise.all([a.set("k", LONG, WHERE), mark(a)]);
      for (const cache of [a, b])
        expect(await cache.getEntry("k", WHERE)).toMatchObject({ value: LONG, state: "stale" });
    });
  });

  test("P3 what is set after an invalidation in the same turn stays, whatever it waits for", async () => {
    const { a, b } = await world.pair({ redis: { compression: "gzip" }, shape });
    await Promise.all([a.invalidateTags(["t"]), a.clearNamespace("n"), a.set("k", LONG, WHERE)]);
    expect(await a.get("k", WHERE)).toBe(LONG);
    await eventually(() => b.get("k", WHERE), LONG);
  });

  test("P3 an invalidation ends what a set before it was to replace, though validate has not said yet if it may", async () => {
    const { a, b } = await world.pair({ shape, validate: (value) => Promise.resolve(value !== "bad") });
    await a.set("k", "old");
    await Promise.all([a.set("k", "new", { tags: ["t"] }), a.invalidateTags(["t"])]);
    expect(await a.get("k")).toBeUndefined();
    await eventually(() => b.get("k"), undefined);
  });
});
