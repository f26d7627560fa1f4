// Old values when the refresh fails, and the back-off that keeps failures from becoming a storm.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

/** A refresh that fails and counts. */
function failing() {
  const error = new Error("down");
  const state = { calls: 0, error, refresh: (): Promise<never> => (state.calls++, Promise.reject(error)) };
  return state;
}

describe("staleIfError", () => {
  test("serves the old value past its stale window when the refresh fails, and says so", async () => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    const { refresh, error } = failing();
    await cache.set("k", "old");
    await clock.advance(1_500);
    const events = recordEvents(cache);
    expect(await cache.get("k", refresh)).toBe("old");
    expect(typesOf(events)).toEqual(["miss", "refreshStart", "refreshFail", "rescue"]);
    expect(events[2]).toMatchObject({ error, background: false, retryAt: clock.now() + 1_000 });
    expect(events[3]).toEqual({ type: "rescue", key: "k", namespace: undefined, tier: "memory", error });
    expect(cache.stats()).toMatchObject({ misses: 1, rescued: 1, hits: { rescue: 0 } });
  });

  test("shorter than staleWhileRevalidate adds nothing", async () => {
    const { cache, clock } = createCache({ staleIfError: 100 });
    await cache.set("k", "old");
    expect(await cache.getEntry("k")).toMatchObject({ errorUntil: clock.now() + 1_500 });
  });

  test("serves a stale value when a foreground refresh of it fails", async () => {
    const { cache, clock } = createCache({ backgroundRefresh: false });
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get("k", failing().refresh)).toBe("old");
  });

  test("serves nothing that was deleted while the refresh ran", async () => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_500);
    const got = cache.get("k", refresh);
    await cache.delete("k");
    call(0).reject(new Error("down"));
    await expect(got).rejects.toThrow("down");
  });

  test("gives every caller of the failed refresh the old value", async () => {
    const { cache, clock } = createCache({ staleIfError: 5_000 });
    const { refresh, call } = controlled();
    await cache.set("k", "old");
    await clock.advance(1_500);
    const all = Promise.all([cache.get("k", refresh), cache.get("k", refresh), cache.getMany(["k"], () => ["x"])]);
    call(0).reject(new Error("down"));
    expect(await all).toEqual(["old", "old", ["old"]]);
    expect(cache.stats().rescued).toBe(3);
  });

  test("does not hide a failure from forceRefresh", async () => {
    const { cache } = createCache({ staleIfError: 5_000 });
    await cache.set("k", "old");
    await expect(cache.get("k", failing().refresh, { forceRefresh: true })).rejects.toThrow("down");
  });
});

/** Reads every 100 ms for `ms`, and answers when the refresh was called. */
async function callTimes(random: () => number, ms: number): Promise<number[]> {
  const { cache, clock } = createCache({ staleWhileRevalidate: "1d", random });
  await cache.set("k", "old");
  await clock.advance(1_000);
  const start = clock.now();
  const times: number[] = [];
  const refresh = (): Promise<never> => (times.push(clock.now() - start), Promise.reject(new Error("down")));
  for (let passed = 0; passed < ms; passed += 100) {
    expect(await cache.get("k", refresh)).toBe("old");
    await clock.advance(100);
  }
  return times;
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, n) => time - (times[n] as number));

describe("P9 back-off", () => {
  test("P9 waits longer after every failure, up to a minute", async () => {
    const waits = gaps(await callTimes(() => 0, 300_000));
    expect(waits.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  test("P9 is jittered: chance takes up to a half away", async () => {
    const waits = gaps(await callTimes(() => 0.999_999, 20_000));
    expect(waits.slice(0, 4)).toEqual([600, 1_100, 2_100, 4_100]);
  });

  test("P9 does not storm: callers in between get the old value and no refresh", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1d" });
    const failure = failing();
    await cache.set("k", "old");
    await clock.advance(1_000);
    for (let n = 0; n < 1_000; n++) {
      expect(await cache.get("k", failure.refresh)).toBe("old");
      await drainMicrotasks();
    }
    expect(failure.calls).toBe(1);
    expect(cache.stats().refreshes).toMatchObject({ background: 1, failed: 1, backedOff: 999 });
  });

  test("P9 holds for rescue values: served at once until the next try", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h" });
    const failure = failing();
    await cache.set("k", "old");
    await clock.advance(2_000);
    expect(await cache.get("k", failure.refresh)).toBe("old");
    const events = recordEvents(cache);
    expect(await cache.get("k", failure.refresh)).toBe("old");
    expect(events).toMatchObject([{ type: "rescue", error: failure.error }]);
    expect(failure.calls).toBe(1);
    expect(cache.stats()).toMatchObject({ hits: { rescue: 1 }, rescued: 1, misses: 1 });
    await clock.advance(1_000);
    expect(await cache.get("k", failure.refresh)).toBe("old");
    expect(failure.calls).toBe(2);
  });

  test("P9 does not hold forceRefresh back, and ends with the first success", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h" });
    const failure = failing();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", failure.refresh);
    await drainMicrotasks();
    expect(await cache.get("k", () => "new", { forceRefresh: true })).toBe("new");
    await clock.advance(1_000);
    expect(await cache.get("k", failure.refresh)).toBe("new");
    await drainMicrotasks();
    expect(failure.calls).toBe(2);
  });

  test("P9 backs off per key in a batch", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h" });
    await cache.setMany({ a: "a0", b: "b0" });
    await clock.advance(1_000);
    await cache.get("a", failing().refresh);
    await drainMicrotasks();
    const asked: string[][] = [];
    expect(await cache.getMany(["a", "b"], (keys) => (asked.push(keys), keys))).toEqual(["a0", "b0"]);
    await drainMicrotasks();
    expect(asked).toEqual([["b"]]);
  });

  test("P9 a miss whose refresh fails is tried again by the next caller: there is nothing else to give", async () => {
    const { cache } = createCache();
    const failure = failing();
    await expect(cache.get("k", failure.refresh)).rejects.toThrow("down");
    await expect(cache.get("k", failure.refresh)).rejects.toThrow("down");
    expect(failure.calls).toBe(2);
  });
});

describe("P9 in the background", () => {
  const BAD = {
    "throws at once": () => {
      throw new Error("down");
    },
    rejects: () => Promise.reject(new Error("down")),
    "rejects with undefined": () => Promise.reject(undefined),
    "sets bad options": ({ setOptions }: { setOptions: (options: object) => void }) => setOptions({ ttl: -1 }),
    "confirms nothing": async ({ setTags }: { setTags: (tags: string[]) => void }) => setTags([""]),
  };

  test.each(Object.entries(BAD))("P9 a refresh that %s hurts nobody", async (_name, refresh) => {
    const { cache, clock } = createCache();
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get("k", refresh as () => Promise<never>)).toBe("old");
    expect(await cache.getMany(["k"], refresh as () => Promise<never>)).toEqual(["old"]);
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("old");
    expect(cache.stats().refreshes).toMatchObject({ failed: 1, inFlight: 0 });
  });

  test("P9 a result that cannot be stored counts as a failure", async () => {
    const { cache, clock } = createCache({ isolation: "clone" });
    const events = recordEvents(cache);
    await cache.set("k", "old");
    await clock.advance(1_000);
    expect(await cache.get<unknown>("k", () => ({ bad: () => 1 }))).toBe("old");
    await drainMicrotasks();
    expect(events.at(-1)).toMatchObject({ type: "refreshFail", error: { code: "unserializable" } });
    expect(await cache.get("k")).toBe("old");
  });
});

describe("P9 the background queue", () => {
  async function staleKeys(
    count: number,
    options: object,
  ): Promise<ReturnType<typeof createCache> & { keys: string[] }> {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h", ...options });
    const keys = Array.from({ length: count }, (_, n) => `k${n}`);
    for (const key of keys) await cache.set(key, "old");
    await clock.advance(1_000);
    return { cache, clock, keys };
  }

  test("P9 runs at most refreshConcurrency at a time, and the others in turn", async () => {
    const { cache, keys } = await staleKeys(10, { refreshConcurrency: 3 });
    const { refresh, calls, call } = controlled();
    for (const key of keys) await cache.get(key, refresh);
    for (let done = 0; done < 10; done++) {
      await drainMicrotasks();
      expect(calls).toHaveLength(Math.min(10, done + 3));
      call(done).resolve("new");
    }
    await drainMicrotasks();
    expect(await cache.getMany(keys)).toEqual(keys.map(() => "new"));
  });

  test("P9 refuses what finds the queue full: the stale value is served, the refusal counted", async () => {
    const { cache, keys } = await staleKeys(5, { refreshConcurrency: 1, refreshQueue: 2 });
    const events = recordEvents(cache);
    const { refresh, calls, call } = controlled();
    for (const key of keys) expect(await cache.get(key, refresh)).toBe("old");
    expect(cache.stats().refreshes).toMatchObject({ refused: 2, inFlight: 3 });
    expect(events.filter(({ type }) => type === "refreshRefused")).toEqual([
      { type: "refreshRefused", key: "k3", namespace: undefined },
      { type: "refreshRefused", key: "k4", namespace: undefined },
    ]);
    expect(await cache.getMany(["k3", "k4"], () => [])).toEqual(["old", "old"]);

    for (let n = 0; n < 3; n++) {
      await drainMicrotasks();
      call(n).resolve("new");
    }
    await drainMicrotasks();
    expect(calls).toHaveLength(3);
    expect(await cache.get("k3", refresh)).toBe("old");
    await drainMicrotasks();
    expect(calls).toHaveLength(4);
  });

  test("P9 with refreshQueue 0 refuses what cannot begin at once", async () => {
    const { cache, keys } = await staleKeys(2, { refreshConcurrency: 1, refreshQueue: 0 });
    const { refresh, calls } = controlled();
    for (const key of keys) await cache.get(key, refresh);
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    expect(cache.stats().refreshes.refused).toBe(1);
  });

  test("P9 never holds a foreground refresh up", async () => {
    const { cache, keys } = await staleKeys(3, { refreshConcurrency: 1, refreshQueue: 0 });
    const { refresh } = controlled();
    await cache.get(keys[0] as string, refresh);
    expect(await cache.get("missing", () => "v")).toBe("v");
  });

  test("P9 begins a refresh inside a refresh", async () => {
    const { cache, keys } = await staleKeys(2, { refreshConcurrency: 1 });
    const [outer, inner] = keys as [string, string];
    await cache.get(outer, async () => `outer of ${await cache.get(inner, () => "new inner", { forceRefresh: true })}`);
    await drainMicrotasks();
    expect(await cache.getMany(keys)).toEqual(["outer of new inner", "new inner"]);
  });
});
