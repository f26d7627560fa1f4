// P3 for tags that a refresh names itself: nobody knows them when the flight begins.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

const VERBS = ["invalidateTags", "markTagsStale"] as const;

describe.each(VERBS)("%s", (verb) => {
  test("P3 does not store a value whose tag was first named after the invalidation", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    await cache[verb](["late"]);
    call(0).argument.setTags(["late"]);
    call(0).resolve("old");
    expect(await got).toBe("old");
    expect(await cache.get("k")).toBeUndefined();
  });

  test("P3 does not store a value whose tag was named before the invalidation", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    call(0).argument.setTags(["late"]);
    await cache[verb](["late"]);
    call(0).resolve("old");
    await got;
    expect(await cache.get("k")).toBeUndefined();
  });

  test("P3 does not store it in the background either", async () => {
    const { cache, clock } = createCache();
    const { refresh, call } = controlled();
    await cache.set("k", "v0");
    await clock.advance(1_000);
    await cache.get("k", refresh);
    await drainMicrotasks();
    await cache[verb](["late"]);
    call(0).argument.setTags(["late"]);
    call(0).resolve("old");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("v0");
  });

  test("P3 gives a caller who comes after a new flight when the tag turns out to be the value's", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const before = cache.get("k", refresh);
    await cache[verb](["late"]);
    const after = cache.get("k", refresh);
    call(0).argument.setTags(["late"]);
    call(0).resolve("old");
    expect(await before).toBe("old");
    await drainMicrotasks();
    expect(calls.length).toBeGreaterThan(1);
    call(1).argument.setTags(["late"]);
    call(1).resolve("new");
    expect(await after).toBe("new");
    expect(await cache.get("k")).toBe("new");
  });

  test("P3 gives a caller who comes after a new flight at once when the tag had been named by then", async () => {
    const { cache } = createCache();
    const { refresh, calls, call } = controlled();
    const before = cache.get("k", refresh);
    call(0).argument.setTags(["late"]);
    await cache[verb](["late"]);
    const after = cache.get("k", refresh);
    expect(calls).toHaveLength(2);
    call(1).resolve("new");
    expect(await after).toBe("new");
    call(0).resolve("old");
    expect(await before).toBe("old");
    expect(await cache.get("k")).toBe("new");
  });

  test("P3 gives a later batch a new flight too", async () => {
    const { cache } = createCache();
    const first = controlledBatch();
    const second = controlledBatch();
    const before = cache.getMany(["a", "b"], first.refresh);
    await cache[verb](["late"]);
    const after = cache.getMany(["a", "b"], second.refresh);
    first.call(0).argument.context.setTags("a", ["late"]);
    first.call(0).resolve({ a: "old a", b: "old b" });
    expect(await before).toEqual(["old a", "old b"]);
    await drainMicrotasks();
    expect(second.call(0).argument.keys).toContain("a");
    second.call(0).resolve({ a: "new a", b: "new b" });
    const [a] = await after;
    expect(a).toBe("new a");
    expect(await cache.get("a")).toBe("new a");
  });
});

describe("a caller who has to read again", () => {
  /** Two callers of one flight: the second came after a tag was invalidated that the value turns out to have. */
  async function doubtful() {
    const { cache, clock } = createCache();
    const { refresh, calls, call } = controlled();
    const before = cache.get("k", refresh);
    await cache.invalidateTags(["late"]);
    const after = cache.get("k", refresh);
    const land = (): void => {
      call(0).argument.setTags(["late"]);
      call(0).resolve("old");
    };
    return { cache, clock, before, after, land, calls };
  }

  test("P3 gets what was set meanwhile, without another refresh", async () => {
    const { cache, before, after, land, calls } = await doubtful();
    await cache.set("k", "set");
    land();
    expect(await before).toBe("old");
    expect(await after).toBe("set");
    expect(calls).toHaveLength(1);
  });

  test("P3 gets it stale where it is, with a refresh behind", async () => {
    const { cache, clock, before, after, land, calls } = await doubtful();
    await cache.set("k", "set");
    await clock.advance(1_000);
    land();
    expect(await before).toBe("old");
    expect(await after).toBe("set");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
  });
});

describe("tags", () => {
  test("that a refresh names go on top of those of the call", async () => {
    const { cache } = createCache();
    const load = () =>
      cache.get(
        "k",
        ({ setTags }) => {
          setTags(["wrong"]);
          setTags(["own", "call"]);
          return "v";
        },
        { tags: ["call"] },
      );
    await load();
    expect((await cache.getEntry("k"))?.tags.toSorted()).toEqual(["call", "own"]);
    await cache.invalidateTags(["wrong"]);
    expect(await cache.get("k")).toBe("v");
    await cache.invalidateTags(["own"]);
    expect(await cache.get("k")).toBeUndefined();
    await load();
    await cache.invalidateTags(["call"]);
    expect(await cache.get("k")).toBeUndefined();
  });

  test("reach entries of every namespace", async () => {
    const { cache } = createCache();
    await cache.set("k", 1, { tags: ["t"] });
    await cache.set("k", 2, { tags: ["t", "u"], namespace: "n" });
    await cache.set("l", 3, { tags: ["u"] });
    await cache.invalidateTags(["t"]);
    expect(await cache.getMany(["k", "l"])).toEqual([undefined, 3]);
    expect(await cache.get("k", { namespace: "n" })).toBeUndefined();
  });

  test("marked stale leave entries stale, and a refresh makes them fresh", async () => {
    const { cache } = createCache();
    await cache.set("k", "v0", { tags: ["t"] });
    await cache.markTagsStale(["t"]);
    expect(await cache.getEntry("k")).toMatchObject({ state: "stale", value: "v0" });
    expect(await cache.ttl("k")).toBe(0);
    expect(await cache.get("k", () => "v1", { tags: ["t"] })).toBe("v0");
    await drainMicrotasks();
    expect(await cache.getEntry("k")).toMatchObject({ state: "fresh", value: "v1" });
  });

  test("marked stale after an invalidation do not bring anything back", async () => {
    const { cache } = createCache();
    await cache.set("k", "v0", { tags: ["t", "u"] });
    await cache.invalidateTags(["t"]);
    await cache.markTagsStale(["t", "u"]);
    expect(await cache.get("k")).toBeUndefined();
    await cache.set("k", "v1", { tags: ["t"] });
    await cache.markTagsStale(["t"]);
    await cache.invalidateTags(["t"]);
    expect(await cache.get("k")).toBeUndefined();
  });
});
