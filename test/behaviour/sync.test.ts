// getSync with a refresh: read-through where nobody can wait.

import { describe, expect, test } from "vitest";
import { memoryTier, type RefreshContext, type SyncRefresh } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const never = (): never => {
  throw new Error("this refresh was not needed");
};

/** A refresh that fails and counts. */
function failing() {
  const error = new Error("down");
  const state = {
    calls: 0,
    error,
    refresh: (): string => {
      state.calls++;
      throw error;
    },
  };
  return state;
}

describe("getSync with a refresh", () => {
  test("calls it once, and gives every later reader what it returned, asynchronous ones too", async () => {
    const { cache } = createCache();
    const events = recordEvents(cache);
    let calls = 0;
    expect(cache.getSync("k", () => ++calls)).toBe(1);
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "refreshEnd"]);
    expect(events[2]).toMatchObject({ key: "k", background: false, durationMs: 0, notStored: undefined });
    expect([cache.getSync("k", never), cache.getSync("k"), await cache.get("k", never)]).toEqual([1, 1, 1]);
    expect(cache.stats()).toMatchObject({ misses: 1, hits: { fresh: 3 }, sets: 0, refreshes: { foreground: 1 } });
  });

  test("tells how long it took", async () => {
    const { cache, clock } = createCache();
    const events = recordEvents(cache);
    cache.getSync("k", () => clock.block(70));
    expect(events.at(-1)).toMatchObject({ type: "refreshEnd", durationMs: 70, notStored: "undefined" });
  });

  test("refreshes a stale value in the foreground: nothing can be done behind", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", "old");
    await clock.advance(1_000);
    const refresh = ({ stale }: RefreshContext<string>): string => `${stale} and new`;
    expect(cache.getSync("k", refresh, { softTimeout: 1, hardTimeout: 1 })).toBe("old and new");
    expect(cache.getSync("k", never)).toBe("old and new");
    expect(cache.stats()).toMatchObject({ hits: { stale: 0 }, refreshes: { foreground: 1, background: 0 } });
  });

  test("leaves a fresh value alone, whatever earlyRefresh says", () => {
    const { cache, clock } = createCache({ earlyRefresh: 1_000, random: () => 0.9 });
    cache.getSync("k", () => (clock.block(100), "v"));
    // A refresh that throws would leave the old value, too.
    expect(cache.getSync("k", () => "new")).toBe("v");
  });

  test("looks at maxAge, and at forceRefresh", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", 1);
    await clock.advance(200);
    expect(cache.getSync("k", () => 2, { maxAge: 100 })).toBe(2);
    expect(cache.getSync("k", ({ stale }) => [stale], { forceRefresh: true })).toEqual([2]);
  });

  test("does nothing for a caller who has left", () => {
    const { cache } = createCache();
    const signal = AbortSignal.abort(new Error("left"));
    expect(() => cache.getSync("k", never, { signal })).toThrow("left");
    expect(cache.stats().requests).toBe(0);
  });

  test("is one of a view's verbs, with its namespace and defaults", async () => {
    const { cache } = createCache();
    const view = cache.namespace("n", { ttl: "1h", tags: ["t"] });
    expect(view.getSync("k", ({ namespace }) => namespace)).toBe("n");
    expect([view.getSync("k"), cache.getSync("k"), await view.ttl("k")]).toEqual(["n", undefined, 3_600_000]);
    expect((await cache.getEntry("k", { namespace: "n" }))?.tags).toEqual(["t"]);
  });

  test.each([5, "k", null])("refuses %s in place of a refresh, in a view as well", (refresh) => {
    const { cache } = createCache();
    const view = cache.namespace("n");
    const reads = [() => cache.getSync("k", refresh as never, {}), () => view.getSync("k", refresh as never, {})];
    for (const read of reads) expect(read).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  test("refuses bad options before it calls anything", () => {
    const { cache } = createCache();
    expect(() => cache.getSync("k", never, { ttl: -1 })).toThrow(/options.ttl must be a duration/);
    expect(() => cache.getSync("", never)).toThrow(expect.objectContaining({ code: "invalid_key" }));
  });

  test("is refused after close()", async () => {
    const { cache } = createCache();
    cache.getSync("k", () => 1);
    await cache.close();
    expect(() => cache.getSync("k", never)).toThrow(expect.objectContaining({ code: "closed" }));
  });

  test("gives a copy of its own to everybody under isolation: clone", () => {
    const { cache } = createCache({ isolation: "clone" });
    const made = { list: [1] };
    const got = cache.getSync("k", () => made);
    got.list.push(2);
    made.list.push(3);
    expect([got, cache.getSync("k", never)]).toEqual([{ list: [1, 2] }, { list: [1] }]);
  });

  test("keeps nothing in a tier that the call leaves out, or that has no room", () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxBytes: 10, sizeOf: () => 20 })] });
    const events = recordEvents(cache);
    expect(cache.getSync("k", () => 1)).toBe(1);
    expect(cache.getSync("k", () => 2, { tiers: { memory: false } })).toBe(2);
    expect(cache.getSync("k", () => 3, { ttl: 0, staleWhileRevalidate: 0 })).toBe(3);
    const reasons = events.flatMap((event) => (event.type === "refreshEnd" ? [event.notStored] : []));
    expect(reasons).toEqual(["too-large", "tier-skipped", "no-lifetime"]);
  });
});

describe("what a synchronous refresh may say", () => {
  test("its context is that of every refresh, with a signal that never aborts", async () => {
    const { cache } = createCache();
    const context = cache.getSync<RefreshContext>("k", (given) => given.skip(given), { namespace: "n" });
    expect(context).toMatchObject({ key: "k", namespace: "n", stale: undefined });
    const { signal } = context;
    await cache.close();
    expect([signal, signal.aborted]).toEqual([context.signal, false]);
  });

  test("undefined is not kept, and ends what was there", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", "old");
    await clock.advance(1_000);
    expect(cache.getSync("k", () => undefined)).toBeUndefined();
    expect(await cache.has("k")).toBe(false);
  });

  test("null is kept, for negativeTtl and without stale windows", async () => {
    const { cache } = createCache({ negativeTtl: 100, staleIfError: 1_000 });
    expect(cache.getSync("k", () => null)).toBeNull();
    const entry = await cache.getEntry("k");
    expect(entry?.value).toBeNull();
    expect([entry!.freshUntil - entry!.createdAt, entry!.errorUntil - entry!.createdAt]).toEqual([100, 100]);
  });

  test("tags and lifetimes, besides those of the call", async () => {
    const { cache } = createCache();
    const refresh: SyncRefresh<string> = ({ setTags, setOptions }) => {
      setTags(["named"]);
      setOptions({ ttl: "1h" });
      return "v";
    };
    cache.getSync("k", refresh, { tags: ["given"] });
    expect([await cache.ttl("k"), (await cache.getEntry("k"))?.tags]).toEqual([3_600_000, ["given", "named"]]);
    await cache.invalidateTags(["named"]);
    expect(cache.getSync("k")).toBeUndefined();
  });

  test("skip() passes a value on, and leaves what is there", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", "old");
    await clock.advance(1_000);
    const events = recordEvents(cache);
    expect(cache.getSync("k", ({ skip }) => skip("once"))).toBe("once");
    expect([cache.getSync("k"), events.at(-2)]).toEqual(["old", expect.objectContaining({ notStored: "skipped" })]);
  });

  test("notModified() makes the stale value fresh again, with its tags", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", "old", { tags: ["t"] });
    await clock.advance(1_000);
    expect(cache.getSync<string>("k", ({ notModified }) => notModified())).toBe("old");
    expect([await cache.ttl("k"), (await cache.getEntry("k"))?.tags]).toEqual([1_000, ["t"]]);
    expect(() => cache.getSync("other", ({ notModified }) => notModified())).toThrow(/needs a stale value/);
  });

  test("what validate refuses is given, and not kept", () => {
    const { cache } = createCache({ validate: (value) => value !== "bad" });
    const events = recordEvents(cache);
    expect(cache.getSync("k", () => "bad")).toBe("bad");
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "invalid", "refreshEnd"]);
    expect(cache.getSync("k", () => "good")).toBe("good");
    expect(cache.getSync("k", never)).toBe("good");
  });
});

describe("a synchronous refresh that throws", () => {
  test("reaches the caller with its own error, and is tried again by the next", () => {
    const { cache } = createCache();
    const down = failing();
    for (const calls of [1, 2]) {
      expect(() => cache.getSync("k", down.refresh)).toThrow(down.error);
      expect(down.calls).toBe(calls);
    }
    expect(cache.stats().refreshes.failed).toBe(2);
  });

  test.each([
    ["stale", 1_000],
    ["rescue", 1_500],
  ] as const)("leaves the reader a %s value, says so, and backs off", async (state, age) => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    cache.setSync("k", "old");
    await clock.advance(age);
    const down = failing();
    const events = recordEvents(cache);
    expect(cache.getSync("k", down.refresh)).toBe("old");
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "refreshFail", state]);
    expect(events[2]).toMatchObject({ error: down.error, background: false, retryAt: clock.now() + 1_000 });
    expect([cache.getSync("k", never), await cache.get("k", never), cache.stats().rescued]).toEqual(["old", "old", 1]);
    await clock.advance(1_000);
    expect(cache.getSync("k", down.refresh)).toBe("old");
    expect(down.calls).toBe(2);
  });

  test("is left alone while an asynchronous one backs off", async () => {
    const { cache, clock } = createCache({ backgroundRefresh: false });
    cache.setSync("k", "old");
    await clock.advance(1_000);
    expect(await cache.get("k", () => Promise.reject(new Error("down")))).toBe("old");
    expect(cache.getSync("k", never)).toBe("old");
    expect(cache.stats().refreshes.backedOff).toBe(1);
  });

  test("leaves nothing past its windows, not when time ran out during the refresh either", async () => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    cache.setSync("k", "old");
    await clock.advance(5_999);
    const slow = (): never => {
      clock.block(1);
      throw new Error("down");
    };
    expect(() => cache.getSync("k", slow)).toThrow("down");
  });

  test("leaves nothing that it has deleted", async () => {
    const { cache, clock } = createCache();
    cache.setSync("k", "old");
    await clock.advance(1_000);
    const refresh = (): never => {
      cache.deleteSync("k");
      throw new Error("down");
    };
    expect(() => cache.getSync("k", refresh)).toThrow("down");
  });

  test("is not hidden from forceRefresh", () => {
    const { cache } = createCache({ staleIfError: 5_000 });
    cache.setSync("k", "old");
    expect(() => cache.getSync("k", failing().refresh, { forceRefresh: true })).toThrow("down");
  });

  test("counts as one when code that measures its value does", () => {
    const { cache } = createCache();
    const ttl = (): number => {
      throw new Error("no ttl");
    };
    expect(() => cache.getSync("k", () => 1, { ttl })).toThrow("no ttl");
    expect([cache.stats().refreshes.failed, cache.getSync("k")]).toEqual([1, undefined]);
  });
});

describe("what cannot be had at once", () => {
  const ASYNCHRONOUS: readonly [string, () => unknown][] = [
    ["a promise", () => Promise.resolve(1)],
    ["a promise that rejects", () => Promise.reject(new Error("nobody hears this"))],
    // oxlint-disable-next-line unicorn/no-thenable
    ["a thenable", () => ({ then: (done: (value: unknown) => void) => done(1) })],
  ];

  test.each(ASYNCHRONOUS)("%s from a refresh is refused, though there is an old value", async (_what, refresh) => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    const error = {
      code: "invalid_argument",
      key: "k",
      message: expect.stringMatching(/^refresh of 'k' must be sync/),
    };
    expect(() => cache.getSync("k", refresh)).toThrow(expect.objectContaining(error));
    cache.setSync("k", "old");
    await clock.advance(1_000);
    const events = recordEvents(cache);
    expect(() => cache.getSync("k", refresh)).toThrow(expect.objectContaining(error));
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "refreshFail"]);
    expect(cache.getSync("k")).toBe("old");
    // Nothing that a reader should wait for.
    expect(cache.getSync("k", () => "new")).toBe("new");
  });

  test.each(ASYNCHRONOUS.slice(0, 2))("%s from validate is refused", (_what, answer) => {
    const { cache } = createCache({ validate: answer });
    const refused = expect.objectContaining({ code: "invalid_option" }) as Error;
    expect(() => cache.getSync("k", () => 1)).toThrow(refused);
    expect(() => cache.setSync("k", 1)).toThrow(refused);
    expect(cache.getSync("k")).toBeUndefined();
  });

  test("a schema whose promise settles as nothing it may be does not end the process", () => {
    const validate = { "~standard": { version: 1, vendor: "v", validate: () => Promise.resolve(undefined) } };
    const { cache } = createCache({ validate: validate as never });
    expect(() => cache.setSync("k", 1)).toThrow(/validate must be synchronous for setSync/);
    expect(() => cache.getSync("k", () => 1)).toThrow(/validate must be synchronous for getSync/);
  });
});

describe("a synchronous refresh that asks for other keys", () => {
  test("may ask for its own kind: each is made once", () => {
    const { cache } = createCache();
    let calls = 0;
    const fibonacci = (n: number): number =>
      cache.getSync(`fibonacci:${n}`, () => (calls++, n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)));
    expect([fibonacci(60), calls]).toEqual([1_548_008_755_920, 61]);
  });

  test("is refused its own, and may ask again later", () => {
    const { cache } = createCache();
    const own = (): number => cache.getSync("k", own);
    const error = { code: "cycle", key: "k", message: "refresh of 'k' must not ask for its own key, got 'k' > 'k'" };
    expect(() => cache.getSync("k", own)).toThrow(expect.objectContaining(error));
    expect(cache.getSync("k", () => 1)).toBe(1);
  });

  test("is told the way round", () => {
    const { cache } = createCache();
    const ring = (n: number): number => cache.getSync(`k${n}`, () => ring((n + 1) % 9));
    expect(() => cache.getSync("outside", () => ring(0))).toThrow("got 'k0' > 'k1' > 'k2' > … > 'k8' > 'k0'");
  });

  test("may ask for its key in another namespace, or without a refresh, or asynchronously", async () => {
    const { cache } = createCache();
    let promised: Promise<string> | undefined;
    const refresh = (): unknown[] => {
      promised = cache.get("k", () => "asynchronous");
      return [cache.getSync("k"), cache.getSync("k", () => "other", { namespace: "n" })];
    };
    expect(cache.getSync("k", refresh)).toEqual([undefined, "other"]);
    expect(await promised).toBe("asynchronous");
    expect(cache.getSync("k")).toEqual([undefined, "other"]);
  });

  test("is refused its own by a disabled cache, too, which stores nothing", () => {
    const { cache } = createCache({ enabled: false });
    let calls = 0;
    expect([cache.getSync("k", () => ++calls), cache.getSync("k", () => ++calls)]).toEqual([1, 2]);
    const own = (): number => cache.getSync("k", own);
    expect(() => own()).toThrow(expect.objectContaining({ code: "cycle" }));
    expect(() => cache.getSync("k", (): unknown => Promise.resolve(1))).toThrow(/must be synchronous/);
    expect(cache.getSync("k", ({ signal, skip }) => skip(signal.aborted))).toBe(false);
  });
});

describe("cleanupExpiredSync", () => {
  test("removes what can be served to nobody, and answers how much that was", async () => {
    const { cache, clock } = createCache();
    cache.setSync("old", 1);
    cache.getSync("loaded", () => 2);
    await clock.advance(600);
    cache.setSync("new", 3);
    await clock.advance(900);
    expect([cache.cleanupExpiredSync(), cache.cleanupExpiredSync()]).toEqual([2, 0]);
    expect(cache.stats().tiers["memory"]).toMatchObject({ entries: 1 });
    await cache.close();
    expect(() => cache.cleanupExpiredSync()).toThrow(expect.objectContaining({ code: "closed" }));
  });
});
