// What can be said about the Keyv tier, and what closing it closes.

import { Keyv, type KeyvStoreAdapter } from "keyv";
import { describe, expect, test } from "vitest";
import { CacheError, createCaches } from "../../src/index.ts";
import { keyvTier, type KeyvStore, type KeyvTierOptions } from "../../src/keyv/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openOn, openTier } from "./caches.ts";
import { FaultyStore } from "./faulty-store.ts";
import { undoAfterEach, type Store } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

describe("closing", () => {
  test("leaves the store alone, unless it is to close it: then the last cache does", async () => {
    const mine = new FaultyStore();
    await openOn(mine).close();
    const store = new FaultyStore();
    const caches = createCaches({ tiers: [keyvTier({ store, closeStore: true })] });
    const [one, two] = [caches.create("one"), caches.create("two")];
    await one.close();
    await one.close();
    expect([mine.disconnects, store.disconnects]).toEqual([0, 0]);
    await two.close();
    expect(store.disconnects).toBe(1);
  });

  test("ends with a store that does not let go, or has nothing to let go of", async () => {
    const stuck = Object.assign(new FaultyStore(), { disconnect: () => new Promise(() => undefined) });
    const failing = Object.assign(new FaultyStore(), { disconnect: () => Promise.reject(new Error("no")) });
    for (const store of [stuck, failing, new Map()] as Store[]) {
      const remote = openTier({ store, closeStore: true, timeout: 30 });
      await Promise.all([remote.close(), remote.tier.close()]);
      await expect(remote.tier.get("shop:v:{:k}")).rejects.toMatchObject({ code: "closed" });
    }
  });

  test("of a Keyv goes through the Keyv", async () => {
    const store = new FaultyStore();
    const keyv = new Keyv({ store });
    let said = 0;
    keyv.on("disconnect", () => said++);
    await openTier({ store: keyv, closeStore: true }).close();
    expect([said, store.disconnects]).toEqual([1, 1]);
  });
});

describe("options", () => {
  const good = { store: new Map<string, unknown>() };

  test.each<[object, string]>([
    [{}, "tiers[0].options.store must be a storage adapter of Keyv, a Keyv or a Map, got undefined"],
    [{ store: {} }, "tiers[0].options.store must be a storage adapter of Keyv, a Keyv or a Map, got {}"],
    [{ store: new Set() }, "tiers[0].options.store must be a storage adapter of Keyv, a Keyv or a Map, got Set(0) {}"],
    [{ store: null }, "tiers[0].options.store must be a storage adapter of Keyv, a Keyv or a Map, got null"],
    [{ ...good, name: "" }, "tiers[0].options.name must be a non-empty string, got ''"],
    [{ ...good, name: 5 }, "tiers[0].options.name must be a non-empty string, got 5"],
    [{ ...good, keyPrefix: 5 }, "tiers[0].options.keyPrefix must be a string of well-formed Unicode, got 5"],
    [{ ...good, keyPrefix: "\ud800" }, "tiers[0].options.keyPrefix must be a string of well-formed Unicode, got"],
    [{ ...good, timeout: 0 }, "tiers[0].options.timeout must be a duration longer than 0, got 0"],
    [{ ...good, maxAge: "soon" }, "tiers[0].options.maxAge must be a duration of at least 0"],
    [{ ...good, enabled: "yes" }, "tiers[0].options.enabled must be true or false, got 'yes'"],
    [
      { ...good, breaker: 1 },
      "tiers[0].options.breaker must be true, false or an object with failures and openFor, got 1",
    ],
    [{ ...good, closeStore: 1 }, "tiers[0].options.closeStore must be true or false, got 1"],
    [{ ...good, bus: true }, "tiers[0].options must hold known options only"],
  ])("%j are refused: %s", (options, message) => {
    const prepare = (): unknown => keyvTier(options as KeyvTierOptions).prepare("tiers[0]");
    expect(prepare).toThrow(CacheError);
    expect(prepare).toThrow(message);
  });

  test("have the defaults that are documented", () => {
    const plan = keyvTier(good).prepare("tiers[0]");
    expect(plan).toMatchObject({ name: "keyv", enabled: true, maxAgeMs: Infinity, timeoutMs: 100, breaker: true });
  });

  test("maxAge bounds what is written", async () => {
    const cache = openOn(good.store, { memory: false, keyv: { maxAge: 5_000, name: "far" } });
    await cache.set("k", 1);
    expect(await cache.ttl("k")).toBeLessThanOrEqual(5_000);
    expect(Object.keys(cache.stats().tiers)).toEqual(["far"]);
  });

  test("take what is made of other caches, and adapters of other makers", () => {
    const adapter: KeyvTierOptions["store"] = {} as KeyvStoreAdapter;
    const own: KeyvTierOptions["store"] = {} as KeyvStore;
    expect([adapter, own]).toEqual([{}, {}]);
  });
});
