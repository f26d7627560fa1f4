// A Keyv store that fails, hangs, lies or forgets: misses and events, never an old value, never a crash.

import { describe, expect, test } from "vitest";
import type { CacheEvent, TieredCacheManager } from "../../src/index.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DONE, keyvStats, never, openOn, type OpenOptions } from "./caches.ts";
import { FaultyStore, type Fault, type Method } from "./faulty-store.ts";
import { undoAfterEach, type Store } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

const PENDING = { authority: "pending" };

/** Faults that show at once, and the one that takes a timeout to show. */
const FAULTS: readonly Fault[] = ["throw", "reject", "emit", "hang"];

function open(options: OpenOptions = {}): { readonly store: FaultyStore; readonly cache: TieredCacheManager } {
  const store = new FaultyStore();
  return { store, cache: openOn(store, { ...options, keyv: { timeout: 60, breaker: false, ...options.keyv } }) };
}

/** Errors of the tier, from now on. */
function tierErrors(cache: TieredCacheManager): CacheEvent[] {
  const events: CacheEvent[] = [];
  cache.on("tierError", (event) => events.push(event));
  return events;
}

const untilDone = (cache: TieredCacheManager): Promise<unknown> =>
  waitUntil(() => keyvStats(cache).pending === 0, { what: "nothing is pending" });

/** A store that has room for so many. */
class Last extends Map<string, unknown> {
  readonly #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  override set(key: string, value: unknown): this {
    super.delete(key);
    super.set(key, value);
    for (const oldest of this.keys()) if (this.size > this.#room) super.delete(oldest);
    return this;
  }
}

/** Where the store has the entry of a key. */
const at = (key: string): string => `shop:v:{:${key}}`;

describe.each(FAULTS)("a store whose calls %s", (fault) => {
  test("is a miss when it is read, with an event, and the refresh serves its callers", async () => {
    const { store, cache } = open({ memory: false });
    await cache.set("k", "stored");
    const errors = tierErrors(cache);
    store.break("get", fault);
    expect([await cache.get("k"), await cache.get("k", () => "loaded"), await cache.has("k")]).toEqual([
      undefined,
      "loaded",
      false,
    ]);
    expect(errors[0]).toMatchObject({ type: "tierError", tier: "keyv", error: { code: "unavailable" } });
    const { status, tiers, reasons } = await cache.health();
    expect([status, tiers["keyv"]]).toEqual(["degraded", { status: "down" }]);
    expect(reasons[0]).toMatch(fault === "hang" ? "keyv does not answer" : "the store cannot get");
    store.heal();
    expect([await cache.get("k"), (await cache.health()).status]).toEqual(["stored", "healthy"]);
  });

  test("leaves what is set and deleted pending, and gets it when it is well", async () => {
    const { store, cache } = open();
    await cache.setMany({ set: "old", deleted: "old", staled: "old" });
    store.break("set", fault);
    store.break("delete", fault);
    expect(await cache.set("set", "new")).toEqual(PENDING);
    expect(await cache.delete("deleted")).toEqual({ ...PENDING, existed: true });
    expect(await cache.markStale("staled")).toEqual(PENDING);
    expect(await cache.clearNamespace("n")).toEqual(PENDING);
    // The store still has the old value: nobody gets it.
    expect([await cache.get("deleted"), await cache.get("deleted", () => "loaded")]).toEqual([undefined, "loaded"]);
    store.heal();
    // What hangs may still take effect; a test of its own says for how long that is waited for.
    if (fault === "hang") return;
    await untilDone(cache);
    const other = openOn(store);
    expect(await other.getMany(["set", "deleted", "staled"])).toEqual([undefined, undefined, "old"]);
    expect((await other.getEntry("staled"))?.state).toBe("stale");
  });
});

describe("answers that are no entries", () => {
  const GARBAGE: readonly (readonly [string, unknown])[] = [
    ["a number", 5],
    ["an object", { value: "x", expires: 5 }],
    ["true", true],
    ["the text of another program", '{"value":"x"}'],
    ["an empty text", ""],
    ["the mark alone", "ft1:"],
    ["no bytes", "ft1::"],
    ["an end that is no number", "ft1:soon:RlQB"],
    ["bytes of another program", "ft1::AAAA"],
    ["too few bytes", "ft1::RlQB"],
    ["bytes instead of text", Buffer.from("ft1::AAAA")],
  ];

  test.each(GARBAGE)("P14 %s is a miss with an event, and then overwritten", async (_name, answer) => {
    const { store, cache } = open();
    store.map.set(at("k"), answer);
    const damaged: CacheEvent[] = [];
    cache.on("damagedFrame", (event) => damaged.push(event));
    expect(await cache.get("k")).toBeUndefined();
    expect(damaged).toEqual([expect.objectContaining({ type: "damagedFrame", key: "k", tier: "keyv" })]);
    expect(await cache.get("k", () => "loaded")).toBe("loaded");
    expect(await openOn(store).get("k", never)).toBe("loaded");
  });

  test("null is nothing, as some adapters say it", async () => {
    const { store, cache } = open();
    store.map.set(at("k"), null);
    cache.on("damagedFrame", never);
    expect(await cache.get("k")).toBeUndefined();
  });

  test("P14 the entry of another key is none of this one", async () => {
    const { store, cache } = open({ memory: false });
    await cache.setMany({ a: 1, b: 2 });
    store.map.set(at("a"), store.map.get(at("b")));
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2]);
  });

  test("bytes are read as text, for adapters that answer so", async () => {
    const { store, cache } = open({ memory: false });
    await cache.set("k", "v");
    for (const [key, text] of store.map) store.map.set(key, Buffer.from(String(text)));
    expect(await cache.get("k", never)).toBe("v");
  });

  test("markStale ends what is no entry", async () => {
    const { store, cache } = open();
    store.map.set(at("k"), "of another program");
    expect([await cache.markStale("k"), store.map.has(at("k"))]).toEqual([DONE, false]);
  });

  test("a store that answers false to set refuses, which is no outage", async () => {
    const { store, cache } = open();
    const errors = tierErrors(cache);
    await cache.set("k", 1);
    store.break("set", { answer: false });
    expect(await cache.set("k", 2)).toEqual(PENDING);
    expect(errors).toEqual([
      expect.objectContaining({ operation: "set", error: expect.objectContaining({ code: "refused" }) }),
    ]);
    // The old value was removed instead, which it can.
    await untilDone(cache);
    store.heal();
    expect(await openOn(store).get("k")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["no array", {}],
    ["too short an array", []],
  ])("getMany that answers %s is a failure", async (_name, answer) => {
    const { store } = open();
    const cache = openOn(Object.assign(store, { getMany: () => Promise.resolve(answer) }));
    const errors = tierErrors(cache);
    expect(await cache.get("k", () => "loaded")).toBe("loaded");
    expect(String((errors[0] as { error?: Error }).error?.cause)).toContain("getMany must answer an array of");
  });
});

describe("a store that is slow", () => {
  test("P3 a set that was given up takes effect before the delete that came after it, whenever that is", async () => {
    const { store, cache } = open();
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
    const { store, cache } = open({ keyv: { timeout: 5_000 } });
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
    const { store, cache } = open();
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
    const { store, cache } = open({ clock });
    await cache.setMany({ k: 1, other: 1 });
    store.break("set", "hang");
    const setting = cache.set("k", 2);
    await clock.advance(60);
    expect(await setting).toEqual(PENDING);
    store.heal();
    await clock.advance(28_000);
    expect([keyvStats(cache).pending, store.map.has(at("k")), await cache.set("other", 2)]).toEqual([1, true, DONE]);
    await clock.advance(3_000);
    expect([keyvStats(cache).pending, store.map.has(at("k")), await cache.set("k", 3)]).toEqual([0, false, DONE]);
  });

  test("what nobody waits for any more is not begun", async () => {
    const { store, cache } = open();
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

describe("a store that forgets", () => {
  test("P7 epochs: what belonged to them is gone", async () => {
    const { store, cache } = open();
    await cache.set("k", 1);
    await cache.set("n", 2, { namespace: "n", tags: ["t"] });
    for (const key of store.keysOf("epochs")) store.map.delete(key);
    expect([await cache.get("k"), await cache.get("n", { namespace: "n" })]).toEqual([undefined, undefined]);
    await cache.set("k", 3);
    expect(await openOn(store).get("k")).toBe(3);
  });

  test("P7 the same when they have become something else, even if that is the same thing twice", async () => {
    const { store, cache } = open();
    const spoil = (): void => {
      for (const key of store.keysOf("epochs")) store.map.set(key, "5-abc");
    };
    await cache.set("k", 1);
    spoil();
    expect(await cache.get("k")).toBeUndefined();
    await cache.set("k", 2);
    expect(await cache.get("k", never)).toBe(2);
    spoil();
    expect([await cache.get("k"), await openOn(store).get("k")]).toEqual([undefined, undefined]);
  });

  test.each<[string, () => Store]>([
    ["everything at once", () => ({ get: () => undefined, set: () => true, delete: () => false })],
    ["all but the last three", () => new Last(3)],
  ])("P10 %s fails, and keeps nobody waiting", async (_what, make) => {
    const cache = openOn(make());
    const errors = tierErrors(cache);
    let calls = 0;
    const load = (): number => ++calls;
    expect(await cache.get("k", load)).toBe(1);
    expect(await Promise.all([cache.get("other", load, { tags: ["t"] }), cache.getMany(["x"], () => [0])])).toEqual([
      2,
      [0],
    ]);
    await Promise.all([cache.set("k", 5), cache.delete("other"), cache.clear()]);
    const lost = errors.map((event) => String((event as { error?: Error }).error?.cause));
    expect(lost[0]).toMatch(/must keep what it is given, and has lost shop:\S+ 8 times within a second/);
  });

  test("P7 everything", async () => {
    const { store, cache } = open();
    await cache.set("k", 1);
    store.map.clear();
    expect([await cache.get("k"), await cache.get("k", () => 2), await cache.get("k", never)]).toEqual([
      undefined,
      2,
      2,
    ]);
  });
});

describe("without an iterator", () => {
  test("deleteMatching ends the whole namespace, once it can", async () => {
    const { store, cache } = open();
    await cache.setMany({ "a:1": 1, "b:1": 2 });
    await cache.set("a:1", 3, { namespace: "n" });
    expect(await cache.deleteMatching("a:*")).toEqual({ ...PENDING, deleted: 1 });
    await untilDone(cache);
    const other = openOn(store);
    expect([await other.getMany(["a:1", "b:1"]), await other.get("a:1", { namespace: "n" })]).toEqual([
      [undefined, undefined],
      3,
    ]);
  });
});

describe("errors that nobody asked for", () => {
  test("do not end the process, also after the cache was closed, and make nothing fail", async () => {
    const { store, cache } = open();
    await cache.set("k", 1);
    store.emit("error", new Error("the connection is gone"));
    expect(await cache.get("k", never)).toBe(1);
    await cache.close();
    expect(store.emit("error", undefined)).toBe(true);
  });

  test("are heard by one listener for each store, however many caches there are", () => {
    const store = new FaultyStore();
    for (let count = 0; count < 20; count++) openOn(store, { name: `shop${count}` });
    expect(store.listenerCount("error")).toBe(1);
  });
});

test.each<[Method, Fault]>([
  ["get", "hang"],
  ["get", "reject"],
])("P10 the breaker stops asking a store whose %s calls %s", async (method, fault) => {
  const { store, cache } = open({ keyv: { timeout: 20, breaker: true } });
  store.break(method, fault);
  for (let count = 0; count < 6; count++) await cache.get(`k${count}`, () => count);
  const calls = store.calls.length;
  for (let count = 0; count < 6; count++) await cache.get(`other${count}`, () => count);
  expect([store.calls.length, cache.stats().tiers["keyv"]]).toEqual([
    calls,
    expect.objectContaining({ breakers: { keyv: "open" } }),
  ]);
});
