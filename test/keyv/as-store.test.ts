// asKeyvStore beyond Keyv's own suite: lifetimes, namespaces, errors, what it closes, and cache-manager on top of it.

import { createCache as createCacheManager } from "cache-manager";
import { Keyv } from "keyv";
import { afterEach, describe, expect, test } from "vitest";
import { CacheError, TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { asKeyvStore, type KeyvStore } from "../../src/keyv/index.ts";
import { collect, createCache } from "../support/cache.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

function newCache(options: CacheOptions<never> = {}): TieredCacheManager {
  const cache = new TieredCacheManager(options);
  open.push(cache);
  return cache;
}

/** Notes the errors that a Keyv or a store emits. */
function errorsOf(emitter: { on(event: "error", listener: (error: unknown) => void): unknown }): unknown[] {
  const errors: unknown[] = [];
  emitter.on("error", (error) => errors.push(error));
  return errors;
}

const withCode = (code: string): unknown => expect.objectContaining({ code });

describe("lifetimes", () => {
  test("without a ttl an entry never expires, whatever the defaults of the cache are", async () => {
    const { cache } = createCache({ staleIfError: 1_000, jitter: 1, negativeTtl: 10 });
    open.push(cache);
    const store = asKeyvStore(cache);
    await store.set("none", "v");
    await store.set("zero", null, 0);
    for (const key of ["none", "zero"]) {
      const entry = await cache.getEntry(key);
      expect([entry?.freshUntil, entry?.errorUntil]).toEqual([Infinity, Infinity]);
    }
  });

  test("with a ttl it is gone when that is over, and never stale", async () => {
    const { cache, clock } = createCache({ staleIfError: 60_000 });
    open.push(cache);
    const store = asKeyvStore(cache);
    await store.set("k", "v", 2_000);
    await clock.advance(1_999);
    expect([await store.get("k"), await store.has("k")]).toEqual(["v", true]);
    await clock.advance(1);
    expect([await store.get("k"), await store.has("k"), await collect(store.iterator())]).toEqual([
      undefined,
      false,
      [],
    ]);
  });
});

describe("namespaces", () => {
  test("of Keyv are those of the cache", async () => {
    const cache = newCache();
    const users = new Keyv({ store: asKeyvStore(cache), namespace: "users" });
    const orders = new Keyv({ store: asKeyvStore(cache), namespace: "orders" });
    await users.set("1", "Ann");
    await orders.set("1", "a book");
    await cache.set("1", "the cache's own");
    expect(await collect(cache.keys({ namespace: "users" }))).toEqual(["users:1"]);
    await cache.clearNamespace("users");
    expect([await users.get("1"), await orders.get("1")]).toEqual([undefined, "a book"]);
    await orders.clear();
    expect([await orders.get("1"), await cache.get("1")]).toEqual([undefined, "the cache's own"]);
  });

  test("a Keyv without one clears the default namespace of the cache, and no other", async () => {
    const cache = newCache({ namespace: "mine" });
    const keyv = new Keyv({ store: asKeyvStore(cache), namespace: "" });
    await keyv.set("k", 1);
    await cache.set("k", 1, { namespace: "other" });
    expect(await cache.has("k", { namespace: "mine" })).toBe(true);
    await keyv.clear();
    expect([await keyv.get("k"), await cache.get("k", { namespace: "other" })]).toEqual([undefined, 1]);
  });

  test("are kept apart, and cleared, where Keyv puts nothing in front of keys", async () => {
    const cache = newCache();
    const [a, b] = ["a", "b"].map(
      (namespace) => new Keyv({ store: asKeyvStore(cache), namespace, useKeyPrefix: false }),
    ) as [Keyv, Keyv];
    await a.set("k", "of a");
    await b.set("k", "of b");
    expect([await a.get("k"), await b.get("k")]).toEqual(["of a", "of b"]);
    expect(await collect(a.iterator!(undefined))).toEqual([["k", "of a"]]);
    await a.clear();
    expect([await a.get("k"), await b.get("k")]).toEqual([undefined, "of b"]);
  });

  test("of several Keyvs on one adapter are told apart by the keys", async () => {
    const cache = newCache();
    const store = asKeyvStore(cache);
    const a = new Keyv({ store, namespace: "a" });
    await a.set("k", "of a");
    const b = new Keyv({ store, namespace: "b" });
    await b.set("a:k", "of b");
    expect([await a.get("k"), await b.get("a:k"), await b.get("k")]).toEqual(["of a", "of b", undefined]);
    await b.clear();
    expect([await a.get("k"), await b.get("a:k")]).toEqual(["of a", undefined]);
  });

  test("in a view of a namespace are prefixes that no other meets", async () => {
    const cache = newCache();
    const view = cache.namespace("view");
    const of = (namespace: string): Keyv => new Keyv({ store: asKeyvStore(view), namespace, useKeyPrefix: false });
    const all = ["a", "a:b", "*", "[a]", "\\"].map(of);
    await cache.set("b:k", "outside");
    for (const [index, keyv] of all.entries()) {
      await keyv.set("b:k", index);
      await keyv.set("k", index);
    }
    const read = (): Promise<unknown[]> => Promise.all(all.map((keyv) => keyv.get(["b:k", "k"])));
    expect(await read()).toEqual(all.map((_, index) => [index, index]));
    for (const [cleared, keyv] of all.entries()) {
      await keyv.clear();
      const left = all.map((_, index) => (index <= cleared ? [undefined, undefined] : [index, index]));
      expect(await read()).toEqual(left);
    }
    expect(await cache.get("b:k")).toBe("outside");
  });

  test("without one, all of the view is cleared", async () => {
    const cache = newCache();
    const keyv = new Keyv({ store: asKeyvStore(cache.namespace("view")), namespace: "" });
    await keyv.set("k", 1);
    await cache.set("k", 2);
    expect(await collect(keyv.iterator!(undefined))).toEqual([["", 1]]);
    await keyv.clear();
    expect([await keyv.get("k"), await cache.get("k")]).toEqual([undefined, 2]);
  });
});

describe("values", () => {
  test("pass as they are where Keyv does not serialise them", async () => {
    const keyv = new Keyv({ store: asKeyvStore(newCache()) });
    [keyv.serialize, keyv.deserialize] = [undefined, undefined];
    const value = new Map([[{ id: 1 }, new Date(0)]]);
    await keyv.set("k", value);
    expect(await keyv.get("k")).toBe(value);
  });

  test("are answered many at a time, in order, and deleted many at a time", async () => {
    const keyv = new Keyv({ store: asKeyvStore(newCache()) });
    const stored = await keyv.setMany([
      { key: "a", value: 1 },
      { key: "b", value: 2, ttl: 60_000 },
    ]);
    expect(stored).toEqual([true, true]);
    expect(await keyv.get(["b", "none", "a"])).toEqual([2, undefined, 1]);
    expect(await keyv.hasMany(["b", "none", "a"])).toEqual([true, false, true]);
    expect([await keyv.delete(["a", "none"]), await keyv.delete(["a", "none"])]).toEqual([true, false]);
  });
});

describe("errors", () => {
  const TOO_LONG = "k".repeat(600);

  test("of reads are emitted, and nothing is found", async () => {
    const keyv = new Keyv({ store: asKeyvStore(newCache()) });
    const errors = errorsOf(keyv);
    await keyv.set("k", 1);
    expect([await keyv.get(TOO_LONG), await keyv.has(TOO_LONG)]).toEqual([undefined, false]);
    expect([await keyv.get([TOO_LONG, "k"]), await keyv.hasMany(["k", TOO_LONG])]).toEqual([
      [undefined, 1],
      [true, false],
    ]);
    expect(errors).toEqual(Array.from({ length: 4 }, () => withCode("invalid_key")));
  });

  test("of writes are emitted by Keyv, which answers false", async () => {
    const keyv = new Keyv({ store: asKeyvStore(newCache()) });
    const errors = errorsOf(keyv);
    const entries = [TOO_LONG, "k"].map((key) => ({ key, value: 1 }));
    expect([await keyv.set(TOO_LONG, 1), await keyv.delete(TOO_LONG), await keyv.delete([TOO_LONG])]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await keyv.setMany(entries)).toEqual([false, true]);
    expect(await keyv.set("k", 1, -5)).toBe(false);
    expect(errors.map((error) => (error as CacheError).code)).toEqual([
      ...Array.from({ length: 4 }, () => "invalid_key"),
      "invalid_option",
    ]);
  });

  test("of a closed cache never reach who asks", async () => {
    const cache = newCache();
    const keyv = new Keyv({ store: asKeyvStore(cache) });
    const errors = errorsOf(keyv);
    await cache.close();
    expect([await keyv.get("k"), await keyv.has("k"), await keyv.get(["k"])]).toEqual([undefined, false, [undefined]]);
    expect([await keyv.set("k", 1), await keyv.delete("k"), await keyv.clear()]).toEqual([false, false, undefined]);
    expect(await collect(keyv.iterator!(undefined))).toEqual([]);
    expect(errors).toEqual(Array.from({ length: 7 }, () => withCode("closed")));
  });

  test("go nowhere without a listener, and a listener that throws hurts nobody", async () => {
    const store = asKeyvStore(newCache());
    expect(await store.get("")).toBeUndefined();
    const heard: unknown[] = [];
    const listener = (): never => {
      throw new Error("a bad listener");
    };
    store.on("error", listener).on("error", (error) => heard.push(error));
    expect(await store.get("")).toBeUndefined();
    store.off("error", listener);
    expect([await store.get(undefined as never), heard.length]).toEqual([undefined, 2]);
  });

  test.each<[string, () => KeyvStore]>([
    ["cache must be a TieredCacheManager or a view of a namespace, got {}", () => asKeyvStore({} as never)],
    [
      "cache must be a TieredCacheManager or a view of a namespace, got undefined",
      () => asKeyvStore(undefined as never),
    ],
    ["options.closeCache must be true or false, got 1", () => asKeyvStore(newCache(), { closeCache: 1 as never })],
    ["options must hold known options only (closeCache)", () => asKeyvStore(newCache(), { close: true } as never)],
    [
      "options.closeCache must be false for a view of a namespace, got true",
      () => asKeyvStore(newCache().namespace("n"), { closeCache: true }),
    ],
  ])("are told who makes one: %s", (message, make) => {
    expect(make).toThrow(CacheError);
    expect(make).toThrow(message);
  });
});

test("disconnect leaves the cache open, unless it is to close it", async () => {
  const cache = newCache();
  await new Keyv({ store: asKeyvStore(cache) }).disconnect();
  await cache.set("k", 1);
  await new Keyv({ store: asKeyvStore(cache, { closeCache: true }) }).disconnect();
  await expect(cache.set("k", 1)).rejects.toMatchObject({ code: "closed" });
});

describe("cache-manager 7", () => {
  test("reads, writes, wraps and clears through it", async () => {
    const cache = newCache();
    const manager = createCacheManager({ stores: [new Keyv({ store: asKeyvStore(cache) })], ttl: 60_000 });
    let calls = 0;
    const load = (): number => ++calls;
    expect([await manager.wrap("k", load), await manager.wrap("k", load), calls]).toEqual([1, 1, 1]);
    await manager.mset([
      { key: "a", value: { id: 1 } },
      { key: "b", value: [2], ttl: 5_000 },
    ]);
    expect(await manager.mget(["b", "a", "none"])).toEqual([[2], { id: 1 }, undefined]);
    const ttl = ((await manager.ttl("b")) ?? 0) - Date.now();
    expect(ttl).toBeGreaterThan(1_000);
    expect(await cache.ttl("keyv:b", { namespace: "keyv" })).toBeLessThanOrEqual(5_000);
    await manager.del("a");
    expect(await manager.get("a")).toBeUndefined();
    await cache.set("own", 1);
    await manager.clear();
    expect([await manager.get("k"), await cache.get("own")]).toEqual([undefined, 1]);
  });

  test("has it as one of several stores", async () => {
    const [near, far] = [newCache({ name: "near" }), newCache({ name: "far" })];
    const stores = [near, far].map((cache) => new Keyv({ store: asKeyvStore(cache) }));
    const manager = createCacheManager({ stores });
    await manager.set("k", "v", 60_000);
    await near.clear();
    expect(await manager.wrap("k", () => "loaded")).toBe("v");
    expect(await near.has("keyv:k", { namespace: "keyv" })).toBe(true);
  });
});
