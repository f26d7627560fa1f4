// The order of writes on a slow Keyv store, and what caches of one process on one store keep each other from.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { at, openFaulty, PENDING, TIMEOUT_MS, untilDone } from "./broken.ts";
import { DONE, keyvStats, openOn } from "./caches.ts";
import { FaultyStore } from "./faulty-store.ts";
import { undoAfterEach } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

describe("a store that is slow", () => {
  test("P3 a set that was given up takes effect before the delete that came after it, whenever that is", async () => {
    const { store, cache } = openFaulty();
    await cache.set("k", "first");
    const hold = store.hold("set");
    expect(await cache.set("k", "late")).toEqual(PENDING);
    expect(await cache.delete("k")).toMatchObject(PENDING);
    expect([await cache.get("k"), store.map.has(at("k"))]).toEqual([undefined, true]);
    await hold.release();
    await untilDone(cache);
    expect([await cache.get("k"), store.map.has(at("k"))]).toEqual([undefined, false]);
  });

  test("P3 a delete that is called while a refresh is being stored ends it", async () => {
    const { store, cache } = openFaulty({ keyv: { timeout: 5_000 } });
    await cache.has("k");
    const hold = store.hold("set");
    const read = cache.get("k", () => "from before");
    await hold.caught();
    const deleting = cache.delete("k");
    await hold.release();
    expect([await read, await deleting]).toEqual(["from before", { ...DONE, existed: true }]);
    expect([await cache.get("k"), store.map.has(at("k"))]).toEqual([undefined, false]);
  });

  test("P3 an epoch that is made late does not undo the clear that came after it", async () => {
    const { store, cache } = openFaulty();
    const hold = store.hold("set");
    expect(await cache.get("k", () => "loaded", { tags: ["t"] })).toBe("loaded");
    expect(await cache.invalidateTags(["t"])).toEqual(PENDING);
    await hold.release();
    await untilDone(cache);
    const [one, two] = [openOn(store, { memory: false }), openOn(store, { memory: false })];
    await one.set("k", 1, { tags: ["t"] });
    expect(await two.get("k")).toBe(1);
    await two.invalidateTags(["t"]);
    expect(await one.get("k")).toBeUndefined();
  });

  test("a call that is never answered blocks its key for half a minute, and no longer", async () => {
    const clock = new FakeClock();
    const { store, cache } = openFaulty({ clock });
    await cache.setMany({ k: 1, other: 1 });
    store.break("set", "hang");
    const setting = cache.set("k", 2);
    await clock.advance(TIMEOUT_MS);
    expect(await setting).toEqual(PENDING);
    store.heal();
    await clock.advance(28_000);
    expect([keyvStats(cache).pending, store.map.has(at("k")), await cache.set("other", 2)]).toEqual([1, true, DONE]);
    await clock.advance(3_000);
    expect([keyvStats(cache).pending, store.map.has(at("k")), await cache.set("k", 3)]).toEqual([0, false, DONE]);
  });

  test("what nobody waits for any more is not begun", async () => {
    const { store, cache } = openFaulty();
    await cache.set("k", 1);
    const hold = store.hold("delete");
    await cache.delete("k");
    await hold.caught();
    const sets = store.calls.filter((call) => call === `set ${at("k")}`).length;
    // In line behind the delete, and given up there.
    expect(await cache.set("k", 2)).toEqual(PENDING);
    await hold.release();
    await untilDone(cache);
    expect(store.calls.filter((call) => call === `set ${at("k")}`).length).toBe(sets);
    expect(store.map.has(at("k"))).toBe(false);
  });
});

describe("several caches of this process on one store", () => {
  test("P2 refresh a key once between them", async () => {
    const store = new FaultyStore();
    const caches = [openOn(store), openOn(store), openOn(store, { memory: false })];
    const { refresh, calls, call } = controlled();
    const reads = caches.map((cache) => cache.get("k", refresh));
    await waitUntil(() => calls.length === 1, { what: "the refresh runs" });
    call(0).resolve("loaded");
    expect([await Promise.all(reads), calls.length]).toEqual([["loaded", "loaded", "loaded"], 1]);
  });

  test.each<[string, (cache: TieredCacheManager) => Promise<unknown>, unknown]>([
    ["delete", (cache) => cache.delete("k"), undefined],
    ["set", (cache) => cache.set("k", "set"), "set"],
    ["markStale", (cache) => cache.markStale("k"), undefined],
    ["deleteMatching", (cache) => cache.deleteMatching("*"), undefined],
    ["invalidateTags", (cache) => cache.invalidateTags(["t"]), undefined],
    ["clear", (cache) => cache.clear(), undefined],
  ])("P3 what one ends by %s, a refresh of another does not bring back", async (_verb, end, expected) => {
    const store = new Map<string, unknown>();
    const [a, b] = [openOn(store), openOn(store)];
    await a.set("warm", 1, { tags: ["t"] });
    const { refresh, calls, call } = controlled();
    const read = a.get("k", refresh, { tags: ["t"] });
    await waitUntil(() => calls.length === 1, { what: "the refresh runs" });
    expect(await end(b)).toMatchObject(DONE);
    call(0).resolve("from before");
    expect(await read).toBe("from before");
    expect([await a.get("k"), await b.get("k")]).toEqual([expected, expected]);
  });
});
