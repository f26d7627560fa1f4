// What a refresh is given, and what it may say of its result.

import { describe, expect, test } from "vitest";
import type { RefreshContext } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

/** The context of one refresh of "k" in namespace "n". */
async function contextOf(stale?: string): Promise<RefreshContext<string>> {
  const { cache } = createCache();
  const n = cache.namespace("n");
  if (stale !== undefined) await n.set("k", stale);
  let context: RefreshContext<string> | undefined;
  await n.get<string>("k", (given) => ((context = given), "v"), { forceRefresh: true });
  return context as RefreshContext<string>;
}

describe("the context", () => {
  test("names key and namespace, and holds a signal", async () => {
    const context = await contextOf();
    expect(context).toMatchObject({ key: "k", namespace: "n", stale: undefined });
    expect(context.signal).toBeInstanceOf(AbortSignal);
    expect(context.signal.aborted).toBe(false);
  });

  test("holds the value that the refresh will replace", async () => {
    expect((await contextOf("old")).stale).toBe("old");
  });

  test("holds values that are negative or falsy too", async () => {
    const { cache, clock } = createCache();
    for (const value of [null, 0, "", false]) {
      await cache.set("k", value);
      await clock.advance(1_000);
      const seen = await cache.get("k", ({ stale }) => ({ stale }), { backgroundRefresh: false });
      expect(seen).toEqual({ stale: value });
    }
  });

  test("has no stale value that was deleted or has expired", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "old");
    await clock.advance(1_500);
    expect(await cache.get("k", ({ stale }) => ({ stale }))).toEqual({ stale: undefined });
    await cache.delete("k");
    expect(await cache.get("k", ({ stale }) => ({ stale }))).toEqual({ stale: undefined });
  });

  test("holds a rescue value for a conditional request", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h" });
    await cache.set("k", "old");
    await clock.advance(2_000);
    expect(await cache.get("k", ({ notModified }) => notModified())).toBe("old");
    expect(await cache.ttl("k")).toBe(1_000);
  });
});

describe("setOptions()", () => {
  test("decides the lifetimes of the result over those of the call", async () => {
    const { cache } = createCache();
    await cache.get(
      "k",
      ({ setOptions }) => {
        setOptions({ ttl: "2s", staleWhileRevalidate: 0 });
        setOptions({ staleIfError: "3s" });
        return "v";
      },
      { ttl: "1h" },
    );
    const entry = await cache.getEntry("k");
    const from = entry?.createdAt ?? NaN;
    expect(entry).toMatchObject({ freshUntil: from + 2_000, staleUntil: from + 2_000, errorUntil: from + 5_000 });
  });

  test.each([
    [{ ttl: -1 }, /setOptions\.ttl must be a duration of at least 0 .*got -1/],
    [{ tags: ["t"] }, /setOptions must hold known options only .*got 'tags'/],
    [null, /setOptions must be an object, got null/],
  ])("refuses %j, and the refresh fails with it", async (options, message) => {
    const { cache } = createCache();
    const got = cache.get("k", ({ setOptions }) => setOptions(options as object));
    await expect(got).rejects.toMatchObject({ code: "invalid_option", message: expect.stringMatching(message) });
  });
});

describe("setTags()", () => {
  test.each([
    ["t", "invalid_option", /setTags must be an array of strings, got 't'/],
    [["ok", ""], "invalid_key", /setTags\[1\] must be a non-empty string, got ''/],
    [["x".repeat(513)], "invalid_key", /setTags\[0\] must be at most 512 bytes/],
  ])("refuses %j, and the refresh fails with it", async (tags, code, message) => {
    const { cache } = createCache();
    const got = cache.get("k", ({ setTags }) => setTags(tags as string[]));
    await expect(got).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe("skip()", () => {
  test("gives the value to the callers and stores nothing", async () => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    expect(await cache.get("k", ({ skip }) => skip("v"))).toBe("v");
    expect(await cache.get<string | undefined>("k", ({ skip }) => skip())).toBeUndefined();
    expect(await cache.has("k")).toBe(false);
    expect(events.findLast(({ type }) => type === "refreshEnd")).toMatchObject({ notStored: "skipped" });
  });

  test("leaves an old value as it was", async () => {
    const { cache } = createCache();
    await cache.set("k", "old");
    expect(await cache.get("k", ({ skip }) => skip("v"), { forceRefresh: true })).toBe("v");
    expect(await cache.get("k")).toBe("old");
  });

  test("passes on what isolation could not copy: it is not stored, so there is nothing to protect", async () => {
    const { cache } = createCache({ isolation: "clone" });
    const link = new URL("https://example.org");
    expect(await cache.get("k", ({ skip }) => skip(link))).toBe(link);
    expect(await cache.get("k", () => link, { tiers: { memory: false } })).toBe(link);
    await expect(cache.get("k", () => link)).rejects.toMatchObject({ code: "unserializable" });
  });
});

describe("notModified()", () => {
  test("makes the stale value fresh again, with its tags and those of the call", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "v0", { tags: ["own"] });
    await clock.advance(1_000);
    expect(await cache.get("k", ({ notModified }) => notModified(), { tags: ["call"] })).toBe("v0");
    await drainMicrotasks();
    const entry = await cache.getEntry("k");
    expect(entry).toMatchObject({ value: "v0", state: "fresh", createdAt: clock.now() });
    expect(entry?.tags.toSorted()).toEqual(["call", "own"]);
    await cache.invalidateTags(["own"]);
    expect(await cache.get("k")).toBeUndefined();
  });

  test("without a stale value fails with the key", async () => {
    const { cache } = createCache();
    const got = cache.get("k", ({ notModified }) => notModified());
    await expect(got).rejects.toMatchObject({ code: "invalid_argument", key: "k" });
  });

  test("confirms null", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", null);
    await clock.advance(1_000);
    expect(await cache.get("k", ({ notModified }) => notModified(), { backgroundRefresh: false })).toBeNull();
    expect(await cache.ttl("k")).toBe(1_000);
  });

  test("takes a ttl from setOptions()", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "v0");
    await clock.advance(1_000);
    await cache.get(
      "k",
      ({ setOptions, notModified }) => {
        setOptions({ ttl: "1h" });
        return notModified();
      },
      { backgroundRefresh: false },
    );
    expect(await cache.ttl("k")).toBe(3_600_000);
  });
});

test.each([{}, { enabled: false }])(
  "contexts have no getters of their own, by which V8 would keep them: %j",
  async (options) => {
    const { cache } = createCache(options);
    const contexts: object[] = [];
    await cache.get("one", (context) => void contexts.push(context));
    await cache.getMany(["a", "b"], (_, context) => {
      contexts.push(context);
      const { signal, setTags, setOptions } = context;
      setTags("a", ["tag"]);
      setOptions("b", { ttl: 1 });
      return { a: signal.aborted, b: false };
    });
    const own = contexts.map((context) => Object.values(Object.getOwnPropertyDescriptors(context)));
    expect(own.map((all) => all.filter(({ get }) => get !== undefined))).toEqual([[], []]);
  },
);
