// A Keyv store that fails, hangs or lies: misses and events, never an old value, never a crash.

import { describe, expect, test } from "vitest";
import type { CacheEvent } from "../../src/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { at, openFaulty, PENDING, tierErrors, untilDone } from "./broken.ts";
import { DONE, never, openOn } from "./caches.ts";
import { FaultyStore, type Fault, type Method } from "./faulty-store.ts";
import { undoAfterEach } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

/** Faults that show at once, and the one that takes a timeout to show. */
const FAULTS: readonly Fault[] = ["throw", "reject", "emit", "hang"];

describe.each(FAULTS)("a store whose calls %s", (fault) => {
  test("is a miss when it is read, with an event, and the refresh serves its callers", async () => {
    const { store, cache } = openFaulty({ memory: false });
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
    expect([status, tiers["keyv"]]).toMatchObject(["degraded", { status: "down" }]);
    expect(tiers["keyv"]).not.toHaveProperty("latencyMs");
    expect(reasons[0]).toMatch(fault === "hang" ? "keyv does not answer" : "the store cannot get");
    store.heal();
    expect([await cache.get("k"), (await cache.health()).status]).toEqual(["stored", "healthy"]);
  });

  test("leaves what is set and deleted pending, and gets it when it is well", async () => {
    const { store, cache } = openFaulty();
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
    const { store, cache } = openFaulty();
    store.map.set(at("k"), answer);
    const damaged: CacheEvent[] = [];
    cache.on("damagedFrame", (event) => damaged.push(event));
    expect(await cache.get("k")).toBeUndefined();
    expect(damaged).toEqual([expect.objectContaining({ type: "damagedFrame", key: "k", tier: "keyv" })]);
    expect(await cache.get("k", () => "loaded")).toBe("loaded");
    expect(await openOn(store).get("k", never)).toBe("loaded");
  });

  test("null is nothing, as some adapters say it", async () => {
    const { store, cache } = openFaulty();
    store.map.set(at("k"), null);
    cache.on("damagedFrame", never);
    expect(await cache.get("k")).toBeUndefined();
  });

  test("P14 the entry of another key is none of this one", async () => {
    const { store, cache } = openFaulty({ memory: false });
    await cache.setMany({ a: 1, b: 2 });
    store.map.set(at("a"), store.map.get(at("b")));
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2]);
  });

  test("bytes are read as text, for adapters that answer so", async () => {
    const { store, cache } = openFaulty({ memory: false });
    await cache.set("k", "v");
    for (const [key, text] of store.map) store.map.set(key, Buffer.from(String(text)));
    expect(await cache.get("k", never)).toBe("v");
  });

  test("markStale ends what is no entry", async () => {
    const { store, cache } = openFaulty();
    store.map.set(at("k"), "of another program");
    expect([await cache.markStale("k"), store.map.has(at("k"))]).toEqual([DONE, false]);
  });

  test("a store that answers false to set refuses, which is no outage", async () => {
    const { store, cache } = openFaulty();
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
    const { store } = openFaulty();
    const cache = openOn(Object.assign(store, { getMany: () => Promise.resolve(answer) }));
    const errors = tierErrors(cache);
    expect(await cache.get("k", () => "loaded")).toBe("loaded");
    expect(String((errors[0] as { error?: Error }).error?.cause)).toContain("getMany must answer an array of");
  });
});

describe("errors that nobody asked for", () => {
  test("do not end the process, also after the cache was closed, and make nothing fail", async () => {
    const { store, cache } = openFaulty();
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
  const { store, cache } = openFaulty({ keyv: { timeout: 20, breaker: true } });
  store.break(method, fault);
  for (let count = 0; count < 6; count++) await cache.get(`k${count}`, () => count);
  const calls = store.calls.length;
  for (let count = 0; count < 6; count++) await cache.get(`other${count}`, () => count);
  expect([store.calls.length, cache.stats().tiers["keyv"]]).toEqual([
    calls,
    expect.objectContaining({ breakers: { keyv: "open" } }),
  ]);
});
