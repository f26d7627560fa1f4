// A tier of copies between memory and Redis, or behind both: when it is read, and when it is not believed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  memoryTier,
  TieredCacheManager,
  type CacheEvent,
  type CacheOptions,
  type TierConfig,
} from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { deferred } from "../support/deferred.ts";
import { startProxy, type Proxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { keyOf } from "./frames.ts";
import { eventually, never, redisStats, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

type Order = "near" | "behind";

interface Host {
  readonly cache: TieredCacheManager;
  readonly proxy: Proxy;
  /** What copies are kept in: it outlives the cache, as a file would. */
  readonly store: Map<string, unknown>;
  /** Tiers that have served, in order. */
  readonly served: string[];
  /** Nothing is left in memory. */
  forget(): void;
}

let fillers = 0;

async function open(
  name: string,
  options: Partial<CacheOptions> & { order?: Order; store?: Host["store"] } = {},
): Promise<Host> {
  const { order = "near", store = new Map<string, unknown>(), ...rest } = options;
  const proxy = await startProxy({ port: world.server.port });
  world.atEnd(() => proxy.stop());
  const redis = redisTier({ host: proxy.host, port: proxy.port, timeout: 1_000, divergenceLimit: 1_000 });
  const copies = keyvTier({ store });
  const far: readonly TierConfig[] = order === "near" ? [copies, redis] : [redis, copies];
  const cache = new TieredCacheManager({ name, tiers: [memoryTier({ maxEntries: 1 }), ...far], ...rest });
  world.atEnd(() => cache.close());
  await eventually(() => cache.stats().bus?.live, true);
  const served: string[] = [];
  for (const type of ["hit", "stale"] as const) cache.on(type, ({ tier }) => void served.push(tier));
  return {
    cache,
    proxy,
    store,
    served,
    forget: () => void cache.setSync(`filler ${++fillers}`, 0, { tiers: { redis: false, keyv: false } }),
  };
}

const copiesOf = ({ store }: Host, name: string, key: string): number =>
  [...store.keys()].filter((text) => text.includes(keyOf(name, key))).length;

async function cutOff({ cache, proxy }: Pick<Host, "cache" | "proxy">): Promise<void> {
  await proxy.refuse();
  proxy.reset();
  await eventually(() => cache.stats().bus?.live, false);
}

describe("between memory and Redis", () => {
  test("answers what memory has not, without asking Redis", async () => {
    const name = world.newName();
    const host = await open(name);
    await host.cache.set("k", { a: 1 }, { tags: ["t"] });
    await eventually(() => copiesOf(host, name, "k"), 1);
    host.forget();
    const before = redisStats(host.cache).hits.fresh;
    expect(await host.cache.get("k", never)).toEqual({ a: 1 });
    expect([host.served, redisStats(host.cache).hits.fresh - before]).toEqual([["keyv"], 0]);
    expect(await host.cache.getEntry("k")).toMatchObject({ value: { a: 1 }, tags: ["t"] });
    expect(host.cache.stats().tiers["keyv"]).toMatchObject({ hits: { fresh: 1 }, errors: 0 });
    expect((await host.cache.health()).tiers).toMatchObject({ keyv: { status: "healthy" } });
  });

  test("keeps what Redis has given, and what a refresh has made", async () => {
    const name = world.newName();
    const [host, other] = [await open(name), await open(name)];
    await other.cache.set("theirs", "v");
    expect(await host.cache.get("theirs", never)).toBe("v");
    expect(await host.cache.get("mine", () => "w")).toBe("w");
    for (const key of ["theirs", "mine"]) await eventually(() => copiesOf(host, name, key), 1);
    host.forget();
    host.served.length = 0;
    expect([await host.cache.get("theirs", never), await host.cache.get("mine", never)]).toEqual(["v", "w"]);
    expect(host.served).toEqual(["keyv", "keyv"]);
  });

  const ends: readonly (readonly [string, (cache: TieredCacheManager) => Promise<unknown>])[] = [
    ["delete", (cache) => cache.delete("k", { namespace: "n" })],
    ["deleteMatching", (cache) => cache.deleteMatching("k*", { namespace: "n" })],
    ["invalidateTags", (cache) => cache.invalidateTags(["t"])],
    ["clearNamespace", (cache) => cache.clearNamespace("n")],
    ["clear", (cache) => cache.clear()],
    ["set", (cache) => cache.set("k", "new", { namespace: "n" })],
  ];

  test.each(ends)("P4 %s ends its copies, here and elsewhere", async (verb, end) => {
    const name = world.newName();
    const hosts = [await open(name), await open(name)];
    await hosts[0]!.cache.set("k", "old", { namespace: "n", tags: ["t"] });
    for (const { cache } of hosts) expect(await cache.get("k", { namespace: "n" })).toBe("old");
    for (const { store } of hosts) await eventually(() => [...store.keys()].some((text) => text.includes("n:k")), true);
    await end(hosts[0]!.cache);
    const expected = verb === "set" ? "new" : undefined;
    for (const host of hosts) host.forget();
    expect(await hosts[0]!.cache.get("k", { namespace: "n" })).toBe(expected);
    await eventually(() => hosts[1]!.cache.get("k", { namespace: "n" }), expected);
  });

  test("P4 deleteMatching ends copies of what Redis has evicted, elsewhere and where they cannot be looked for", async () => {
    const name = world.newName();
    const hosts = [await open(name), await open(name)];
    await hosts[0]!.cache.set("k", "old");
    expect(await hosts[1]!.cache.get("k")).toBe("old");
    for (const host of hosts) await eventually(() => copiesOf(host, name, "k"), 1);
    await world.redis.del(keyOf(name, "k"));
    const [host, other] = hosts as [Host, Host];
    const fail = (): never => {
      throw new Error("nothing can be listed");
    };
    for (const verb of ["entries", "keys", "forEach", Symbol.iterator] as const) other.store[verb] = fail;
    await host.cache.deleteMatching("k*");
    for (const { cache, forget } of hosts) {
      forget();
      await eventually(() => cache.get("k"), undefined);
    }
    for (const verb of ["entries", "keys", "forEach", Symbol.iterator] as const)
      Reflect.deleteProperty(other.store, verb);
    await eventually(() => copiesOf(host, name, "k"), 0);
  });

  test("P4 a copy from before the bus was lost is verified", async () => {
    const name = world.newName();
    const [host, other] = [await open(name), await open(name)];
    await host.cache.set("k", "old");
    await eventually(() => copiesOf(host, name, "k"), 1);
    await cutOff(host);
    await other.cache.set("k", "new");
    await host.proxy.accept();
    await eventually(() => host.cache.stats().bus?.live && redisStats(host.cache).pending === 0, true);
    host.forget();
    expect(await host.cache.get("k")).toBe("new");
    expect(host.served).toEqual(["redis"]);
  });

  test("P4 so is one of an earlier run, which the next one keeps as its own", async () => {
    const name = world.newName();
    const [host, other] = [await open(name), await open(name)];
    for (const key of ["a", "b"]) await host.cache.set(key, "old");
    for (const key of ["a", "b"]) await eventually(() => copiesOf(host, name, key), 1);
    await host.cache.close();
    await other.cache.delete("a");
    const again = await open(name, { store: host.store });
    expect([await again.cache.get("a"), await again.cache.get("b")]).toEqual([undefined, "old"]);
    expect(again.served).toEqual(["redis"]);
    await eventually(() => copiesOf(again, name, "a"), 0);
    await eventually(async () => {
      again.forget();
      expect(await again.cache.get("b")).toBe("old");
      return again.served.at(-1);
    }, "keyv");
  });

  test("P14 a damaged copy is a miss and an event, and goes", async () => {
    const name = world.newName();
    const host = await open(name);
    await host.cache.set("k", "v");
    await eventually(() => copiesOf(host, name, "k"), 1);
    const [at] = [...host.store.keys()].filter((text) => text.includes(keyOf(name, "k")));
    const text = String(host.store.get(at!));
    host.store.set(at!, text.slice(0, -8) + "AAAAAAA=");
    const events: CacheEvent[] = [];
    host.cache.on("damagedFrame", (event) => void events.push(event));
    host.forget();
    expect(await host.cache.get("k", never)).toBe("v");
    expect(events).toMatchObject([{ tier: "keyv", key: "k", reason: "checksum" }]);
    expect(host.served).toEqual(["redis"]);
  });

  test("a call can leave it out, or want a younger copy", async () => {
    const name = world.newName();
    const host = await open(name);
    await host.cache.set("k", "v");
    await eventually(() => copiesOf(host, name, "k"), 1);
    for (const tiers of [{ keyv: false }, { keyv: { maxAge: 1 } }] as const) {
      host.forget();
      expect(await host.cache.get("k", { tiers })).toBe("v");
    }
    expect(host.served).toEqual(["redis", "redis"]);
    await host.cache.set("far", "v", { tiers: { keyv: false } });
    expect(copiesOf(host, name, "far")).toBe(0);
  });

  test("P13 a store that fails costs a copy, and nothing else", async () => {
    const name = world.newName();
    const store = new Map<string, unknown>();
    const host = await open(name, { store });
    await host.cache.set("k", "old");
    await eventually(() => copiesOf(host, name, "k"), 1);
    const fail = (): never => {
      throw new Error("the disk is full");
    };
    store.delete = fail;
    store.set = fail;
    expect(await host.cache.set("k", "new")).toEqual({ authority: "done" });
    host.forget();
    // The old copy is still there, and must not be served.
    expect(copiesOf(host, name, "k")).toBe(1);
    expect(await host.cache.get("k", never)).toBe("new");
    expect(host.served).toEqual(["redis"]);
    const { status, reasons } = await host.cache.health();
    expect([status, reasons.join()]).toEqual(["degraded", expect.stringContaining("keyv keeps no copies")]);
    Reflect.deleteProperty(store, "delete");
    Reflect.deleteProperty(store, "set");
  });
});

test("P4 a copy that is being written is found by deleteMatching, though Redis has evicted its key", async () => {
  const name = world.newName();
  const store = new Map<string, unknown>();
  const copies = keyvTier({ store, timeout: 5_000 });
  const cache = new TieredCacheManager({ name, tiers: [memoryTier({ maxEntries: 1 }), copies, redisTier(world.at)] });
  world.atEnd(() => cache.close());
  await eventually(() => cache.stats().bus?.live, true);
  const gate = deferred<void>();
  let isWriting = false;
  store.set = function slowly(key, value) {
    isWriting ||= key.includes(keyOf(name, "k"));
    return gate.promise.then(() => Map.prototype.set.call(store, key, value)) as unknown as typeof store;
  };
  await cache.set("k", "old");
  await eventually(() => isWriting, true);
  await world.redis.del(keyOf(name, "k"));
  await cache.deleteMatching("k*");
  gate.resolve(undefined);
  Reflect.deleteProperty(store, "set");
  await cache.set("filler", 0);
  await eventually(() => [...store.keys()].some((text) => text.includes(keyOf(name, "filler"))), true);
  expect(await cache.get("k")).toBeUndefined();
  await cache.close();
  expect([...store.keys()].filter((text) => text.includes(keyOf(name, "k")))).toEqual([]);
});

test("a store that has failed for long is used again, but for what it was to drop", async () => {
  const name = world.newName();
  const store = new Map<string, unknown>();
  const proxy = await startProxy({ port: world.server.port });
  world.atEnd(() => proxy.stop());
  const redis = redisTier({ host: proxy.host, port: proxy.port, timeout: 5_000 });
  const copies = keyvTier({ store, breaker: false });
  const cache = new TieredCacheManager({ name, tiers: [memoryTier({ maxEntries: 1 }), copies, redis] });
  world.atEnd(() => cache.close());
  await eventually(() => cache.stats().bus?.live, true);
  const hasCopy = (key: string): boolean => [...store.keys()].some((text) => text.includes(keyOf(name, key)));
  await cache.set("old", "v");
  await eventually(() => hasCopy("old"), true);
  store.delete = store.set = () => {
    throw new Error("the disk is full");
  };
  await cache.delete("old");
  await cache.deleteMany(Array.from({ length: 10_001 }, (_, index) => `key ${index}`));
  Reflect.deleteProperty(store, "delete");
  Reflect.deleteProperty(store, "set");
  await eventually(() => cache.stats().bus?.live, true);
  await cache.set("new", "v");
  await eventually(() => hasCopy("new"), true);
  const served: string[] = [];
  cache.on("hit", ({ tier }) => void served.push(tier));
  // Word of all these deletes may still be on its way, and be the reason to look into Redis once more.
  await eventually(async () => {
    cache.setSync("filler", 0, { tiers: { redis: false, keyv: false } });
    expect(await cache.get("new", never)).toBe("v");
    return served.at(-1);
  }, "keyv");
  await cutOff({ cache, proxy });
  expect([hasCopy("old"), await cache.get("old")]).toEqual([true, undefined]);
}, 60_000);

describe.each<Order>(["near", "behind"])("without Redis, %s", (order) => {
  test("P10 it serves what it has, also of an earlier run, but nothing that was invalidated since", async () => {
    const name = world.newName();
    const host = await open(name, { order });
    const keys = ["kept", "deleted", "tagged", "spaced"];
    for (const key of keys) await host.cache.set(key, key, { tags: [`tag of ${key}`] });
    for (const key of keys) await eventually(() => copiesOf(host, name, key), 1);
    await host.cache.close();
    const again = await open(name, { order, store: host.store });
    await cutOff(again);
    expect(await again.cache.delete("deleted")).toMatchObject({ authority: "pending" });
    expect(await again.cache.invalidateTags(["tag of tagged"])).toEqual({ authority: "pending" });
    expect(await again.cache.get("kept", never)).toBe("kept");
    expect(await again.cache.get("deleted")).toBeUndefined();
    expect(await again.cache.get("tagged")).toBeUndefined();
    expect(again.served).toEqual(["keyv"]);
    await again.cache.clear();
    again.forget();
    expect([await again.cache.get("spaced"), await again.cache.get("kept")]).toEqual([undefined, undefined]);
  });

  test("P8 it serves nothing whose windows are over", async () => {
    const name = world.newName();
    const host = await open(name, { order, ttl: 200, staleWhileRevalidate: 0 });
    await host.cache.set("k", "v");
    await eventually(() => copiesOf(host, name, "k"), 1);
    await cutOff(host);
    host.forget();
    expect(await host.cache.get("k", never)).toBe("v");
    await eventually(() => host.cache.get("k"), undefined);
  });
});

test("behind Redis it is not read while that answers", async () => {
  const name = world.newName();
  const host = await open(name, { order: "behind" });
  await host.cache.set("k", "v");
  await eventually(() => copiesOf(host, name, "k"), 1);
  host.forget();
  expect(await host.cache.get("k", never)).toBe("v");
  expect(host.served).toEqual(["redis"]);
});

test("two tiers for the same, or of one name, or too many are refused", () => {
  const url = "redis://localhost:1";
  const of =
    (...tiers: TierConfig[]) =>
    () =>
      new TieredCacheManager({ tiers });
  expect(of(redisTier({ url }), redisTier({ url, name: "other" }))).toThrow(
    /must hold one shared tier, got redis and other/,
  );
  expect(of(redisTier({ url }), keyvTier({ store: new Map(), name: "redis" }))).toThrow(/different names/);
  expect(of(keyvTier({ store: new Map(), name: "memory" }))).toThrow(/different names/);
  const keyvs = ["a", "b"].map((name) => keyvTier({ store: new Map(), name }));
  expect(of(redisTier({ url }), ...keyvs)).toThrow(/at most two tiers besides memory/);
});

test("P4 P10 a file outlives the process: verified while Redis answers, served when it does not", async () => {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-copies-"));
  world.atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const name = world.newName();
  const start = async (): Promise<{ cache: TieredCacheManager; proxy: Proxy; served: string[] }> => {
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    const redis = redisTier({ host: proxy.host, port: proxy.port, timeout: 1_000 });
    const file = sqliteTier({ path: join(directory, "copies.db"), timeout: 5_000 });
    const cache = new TieredCacheManager({ name, tiers: [memoryTier(), file, redis] });
    world.atEnd(() => cache.close());
    await eventually(() => cache.stats().bus?.live, true);
    const served: string[] = [];
    cache.on("hit", ({ tier }) => void served.push(tier));
    return { cache, proxy, served };
  };
  const first = await start();
  for (const key of ["kept", "gone"]) await first.cache.set(key, key, { tags: ["t"] });
  await first.cache.close();
  const other = await open(name);
  await other.cache.delete("gone");

  const second = await start();
  expect([await second.cache.get("kept", never), await second.cache.get("gone")]).toEqual(["kept", undefined]);
  expect(second.served).toEqual(["redis"]);
  // Its own by now: getSync finds it when memory has lost it.
  const memoryOnly = { tiers: { redis: false, sqlite: false } } as const;
  await eventually(() => {
    second.cache.setSync("kept", "lost from memory", { ...memoryOnly, ttl: 0, staleWhileRevalidate: 0 });
    return second.cache.getSync("kept");
  }, "kept");
  expect(second.served.at(-1)).toBe("sqlite");
  await second.cache.close();

  const third = await start();
  await cutOff(third);
  expect([await third.cache.get("kept", never), await third.cache.get("gone")]).toEqual(["kept", undefined]);
  expect(third.served).toEqual(["sqlite"]);
});

afterEach(() => void (fillers = 0));
