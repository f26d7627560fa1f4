// A stale value asked for again and again while it is refreshed: given at once, and only where it may be.

import { describe, expect, test } from "vitest";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { recordEvents, typesOf } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

async function makeStale(options: Parameters<typeof createCache>[0] = {}) {
  const made = createCache(options);
  await made.cache.set("k", "old");
  await made.clock.advance(1_000);
  return made;
}

describe("a stale value that is being refreshed", () => {
  test("is given to everybody, with one refresh, each counted and reported", async () => {
    const { cache } = await makeStale();
    const { refresh, call } = controlled();
    const events = recordEvents(cache);
    for (let n = 0; n < 3; n++) expect(await cache.get("k", refresh)).toBe("old");
    expect(typesOf(events)).toEqual(["stale", "refreshStart", "stale", "stale"]);
    expect(events.at(-1)).toEqual({ type: "stale", key: "k", namespace: undefined, tier: "memory" });
    expect(cache.stats()).toMatchObject({ hits: { stale: 3 }, refreshes: { background: 1, joined: 0 } });
    call(0).resolve("new");
    await drainMicrotasks();
    expect(await cache.get("k", refresh)).toBe("new");
  });

  test.each([{ backgroundRefresh: false }, { softTimeout: 60_000 }])("is waited for under %j", async (options) => {
    const { cache } = await makeStale(options);
    const { refresh, call } = controlled();
    const both = Promise.all([cache.get("k", refresh), cache.get("k", refresh)]);
    await drainMicrotasks();
    call(0).resolve("new");
    expect(await both).toEqual(["new", "new"]);
  });

  test("and whose last refresh failed counts as left alone", async () => {
    const { cache } = await makeStale();
    expect(await cache.get("k", () => Promise.reject(new Error("down")))).toBe("old");
    await drainMicrotasks();
    const { refresh, call } = controlled();
    const forced = cache.get("k", refresh, { forceRefresh: true });
    expect(await cache.get("k", refresh)).toBe("old");
    expect(cache.stats().refreshes.backedOff).toBe(1);
    call(0).resolve("new");
    expect(await forced).toBe("new");
  });

  test("is none any more once it has been invalidated", async () => {
    const { cache } = await makeStale();
    const { refresh, call } = controlled();
    expect(await cache.get("k", refresh)).toBe("old");
    await cache.clearNamespace();
    const next = cache.get("k", refresh);
    await drainMicrotasks();
    call(0).resolve("overtaken");
    call(1).resolve("new");
    expect(await next).toBe("new");
  });
});
