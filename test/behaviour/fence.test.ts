// P3: what was invalidated never comes back, whichever verb meets whichever flight.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const OPTIONS = { namespace: "n", tags: ["t"] };
const OF = { namespace: "n" };

interface Verb {
  readonly name: string;
  readonly call: (cache: TieredCacheManager) => unknown;
  /** What is left of an entry "v0" afterwards. */
  readonly leaves: "nothing" | "stale v0" | "set";
}

const VERBS: readonly Verb[] = [
  { name: "delete", call: (cache) => cache.delete("k", OF), leaves: "nothing" },
  { name: "invalidate", call: (cache) => cache.invalidate("k", OF), leaves: "nothing" },
  { name: "deleteSync", call: (cache) => cache.deleteSync("k", OF), leaves: "nothing" },
  { name: "deleteMany", call: (cache) => cache.deleteMany(["x", "k"], OF), leaves: "nothing" },
  { name: "deleteMatching", call: (cache) => cache.deleteMatching("?", OF), leaves: "nothing" },
  { name: "invalidateTags", call: (cache) => cache.invalidateTags(["u", "t"]), leaves: "nothing" },
  { name: "clearNamespace", call: (cache) => cache.clearNamespace("n"), leaves: "nothing" },
  { name: "clear of the view", call: (cache) => cache.namespace("n").clear(), leaves: "nothing" },
  { name: "clear", call: (cache) => cache.clear(), leaves: "nothing" },
  { name: "markStale", call: (cache) => cache.markStale("k", OF), leaves: "stale v0" },
  { name: "markTagsStale", call: (cache) => cache.markTagsStale(["t"]), leaves: "stale v0" },
  { name: "markNamespaceStale", call: (cache) => cache.markNamespaceStale("n"), leaves: "stale v0" },
  { name: "markAllStale of the view", call: (cache) => cache.namespace("n").markAllStale(), leaves: "stale v0" },
  { name: "set", call: (cache) => cache.set("k", "set", OPTIONS), leaves: "set" },
  { name: "setSync", call: (cache) => cache.setSync("k", "set", OPTIONS), leaves: "set" },
  { name: "setMany", call: (cache) => cache.setMany({ j: "set", k: "set" }, OPTIONS), leaves: "set" },
];

interface Started {
  /** Lets the refresh end with this value. */
  readonly land: (value: string) => void;
  /** What its caller gets, where it has one. */
  readonly got: Promise<unknown> | undefined;
}

interface Kind {
  readonly name: string;
  readonly isStale: boolean;
  readonly start: (cache: TieredCacheManager) => Promise<Started>;
}

function startSingle(cache: TieredCacheManager, isWaiting: boolean): Started {
  const { refresh, call } = controlled();
  const got = cache.get("k", refresh, OPTIONS);
  return { land: (value) => call(0).resolve(value), got: isWaiting ? got : undefined };
}

function startBatch(cache: TieredCacheManager, isWaiting: boolean): Started {
  const { refresh, call } = controlledBatch();
  const got = cache.getMany(["k", "l"], refresh, OPTIONS).then(([k]) => k);
  return { land: (value) => call(0).resolve({ k: value, l: "l1" }), got: isWaiting ? got : undefined };
}

const KINDS: readonly Kind[] = [
  { name: "foreground", isStale: false, start: async (cache) => startSingle(cache, true) },
  { name: "foreground batch", isStale: false, start: async (cache) => startBatch(cache, true) },
  { name: "background", isStale: true, start: async (cache) => startSingle(cache, false) },
  { name: "background batch", isStale: true, start: async (cache) => startBatch(cache, false) },
];

const CASES = VERBS.flatMap((verb) => KINDS.map((kind) => ({ verb, kind, title: `${verb.name} × ${kind.name}` })));

async function begin({ isStale, start }: Kind) {
  const { cache, clock } = createCache();
  if (isStale) {
    await cache.setMany({ k: "v0", l: "l0" }, OPTIONS);
    await clock.advance(1_000);
  }
  const flight = await start(cache);
  await drainMicrotasks();
  return { cache, clock, flight };
}

describe.each(CASES)("$title", ({ verb, kind }) => {
  const left = verb.leaves === "set" ? "set" : verb.leaves === "stale v0" && kind.isStale ? "v0" : undefined;

  test("P3 does not store the result of a flight that began before", async () => {
    const { cache, flight } = await begin(kind);
    const events = recordEvents(cache);
    await verb.call(cache);
    flight.land("late");
    await drainMicrotasks();

    if (flight.got !== undefined) expect(await flight.got).toBe("late");
    expect(await cache.get("k", OF)).toBe(left);
    expect(typesOf(events)).toContain("fillRejected");
    expect(events.findLast((event) => event.type === "refreshEnd" && event.key === "k")).toMatchObject({
      notStored: "invalidated",
    });
    expect(cache.stats().refreshes.fenced).toBeGreaterThan(0);
  });

  test("P3 gives a caller who comes after a new flight at once", async () => {
    const { cache, flight } = await begin(kind);
    await verb.call(cache);
    const { refresh, calls, call } = controlled();
    const got = cache.get("k", refresh, { ...OPTIONS, forceRefresh: true });
    expect(calls).toHaveLength(1);

    flight.land("late");
    await drainMicrotasks();
    call(0).resolve("new");
    expect(await got).toBe("new");
    expect(await cache.get("k", OF)).toBe("new");
  });

  test("P3 keeps what a newer flight stored before the old one landed", async () => {
    const { cache, flight } = await begin(kind);
    await verb.call(cache);
    expect(await cache.get("k", () => "new", { ...OPTIONS, forceRefresh: true })).toBe("new");
    flight.land("late");
    await drainMicrotasks();
    expect(await cache.get("k", OF)).toBe("new");
  });
});

describe("P3 across keys of one batch", () => {
  test("P3 fences a batch per key: the others are stored", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlledBatch();
    const got = cache.getMany(["a", "b", "c"], refresh);
    await cache.delete("b");
    call(0).resolve(["A", "B", "C"]);
    expect(await got).toEqual(["A", "B", "C"]);
    expect(await cache.getMany(["a", "b", "c"])).toEqual(["A", undefined, "C"]);
  });

  test("P3 does not fence flights of other keys, tags and namespaces", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh, OPTIONS);
    await cache.delete("k");
    await cache.delete("l", OF);
    await cache.invalidateTags(["u"]);
    await cache.clearNamespace();
    await cache.clearNamespace("m");
    await cache.deleteMatching("k");
    await cache.deleteMatching("k?", OF);
    call(0).resolve("v");
    await got;
    expect(await cache.get("k", OF)).toBe("v");
  });

  test("P3 fences a flight that waits in the background queue, which then never begins", async () => {
    const { cache, clock } = createCache({ refreshConcurrency: 1 });
    const blocking = controlled();
    const queued = controlled();
    await cache.setMany({ a: "a0", b: "b0" });
    await clock.advance(1_000);
    await cache.get("a", blocking.refresh);
    await cache.get("b", queued.refresh);
    await cache.delete("b");
    blocking.call(0).resolve("a1");
    await drainMicrotasks();
    expect(queued.calls).toHaveLength(0);
    expect(await cache.get("b")).toBeUndefined();
    expect(cache.stats().refreshes.inFlight).toBe(0);
  });

  test("P3 does not bring an entry back through notModified()", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "v0");
    await clock.advance(1_000);
    let confirm = (): void => undefined;
    const refresh = ({ notModified }: { notModified: () => string }) =>
      new Promise<string>((resolve) => (confirm = () => resolve(notModified())));
    expect(await cache.get("k", refresh)).toBe("v0");
    await drainMicrotasks();
    await cache.delete("k");
    confirm();
    await drainMicrotasks();
    expect(await cache.get("k")).toBeUndefined();
  });
});
