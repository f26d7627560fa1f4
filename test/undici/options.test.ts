// What the store takes, what it refuses, and that undici's own types take it.

import type * as undici7 from "undici";
import type * as undici8 from "undici-8";
import { describe, expect, expectTypeOf, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import {
  tieredCacheStore,
  type HttpCached,
  type HttpCacheKey,
  type HttpCacheValue,
  type TieredCacheStore,
} from "../../src/undici/index.ts";
import { responseKey, urlKey, urlOf } from "../../src/undici/keys.ts";
import { resolveOptions } from "../../src/undici/options.ts";
import { UrlStates } from "../../src/undici/url-state.ts";
import { createCache } from "../support/cache.ts";
import { interceptors } from "./undici.ts";

/** The seam of a store as an undici has it, by that of its own stores. */
interface Seam<Store extends { get(...all: never): unknown; createWriteStream(...all: never): unknown }> {
  store: Pick<Store, "get" | "createWriteStream" | Extract<"delete", keyof Store>>;
  key: Parameters<Store["get"]>[0];
  value: Parameters<Store["createWriteStream"]>[1];
  found: NonNullable<Awaited<ReturnType<Store["get"]>>>;
}

type Seam7 = Seam<InstanceType<typeof undici7.cacheStores.MemoryCacheStore>>;
type Seam8 = Seam<InstanceType<typeof undici8.cacheStores.MemoryCacheStore>>;

describe("undici takes it as a store", () => {
  test("by the types of version 7", () => {
    expectTypeOf<TieredCacheStore>().toExtend<Seam7["store"]>();
    expectTypeOf<Seam7["key"]>().toExtend<HttpCacheKey>();
    expectTypeOf<Seam7["value"]>().toExtend<HttpCacheValue>();
    expectTypeOf<HttpCached>().toExtend<Seam7["found"]>();
    expectTypeOf<{ store: TieredCacheStore }>().toExtend<undici7.interceptors.CacheInterceptorOpts>();
  });

  test("by those of version 8", () => {
    expectTypeOf<TieredCacheStore>().toExtend<Seam8["store"]>();
    expectTypeOf<Seam8["key"]>().toExtend<HttpCacheKey>();
    expectTypeOf<Seam8["value"]>().toExtend<HttpCacheValue>();
    expectTypeOf<HttpCached>().toExtend<Seam8["found"]>();
    expectTypeOf<{ store: TieredCacheStore }>().toExtend<undici8.interceptors.CacheInterceptorOpts>();
  });

  test("by its own checks", () => {
    const store = tieredCacheStore(new TieredCacheManager());
    expect(interceptors.cache({ store })).toBeTypeOf("function");
  });
});

describe("bad input is refused with field, rule and value", () => {
  const cache = new TieredCacheManager();

  test.each<[options: object, message: string]>([
    [{ namespace: "" }, "namespace must be a non-empty string, got ''"],
    [{ maxEntrySize: -1 }, "options.maxEntrySize must be a whole number of at least 0, got -1"],
    [{ maxEntrySize: "5mb" }, "options.maxEntrySize must be a whole number of at least 0, got '5mb'"],
    [{ tags: "users" }, "options.tags must be an array of strings, got 'users'"],
    [{ tags: [""] }, "options.tags[0] must be a non-empty string, got ''"],
    [{ onError: true }, "options.onError must be a function, got true"],
    [{ clock: {} }, "options.clock must be a clock, got {}"],
    [{ maxSize: 5 }, "options must hold known options only"],
  ])("%j", (options, message) => {
    expect(() => tieredCacheStore(cache, options)).toThrow(message);
  });

  test("a cache that is none, or has no room for keys", () => {
    expect(() => tieredCacheStore(new Map() as never)).toThrow("cache must be a TieredCacheManager");
    expect(() => tieredCacheStore(cache.namespace("n") as never)).toThrow("cache must be a TieredCacheManager");
    const narrow = new TieredCacheManager({ maxKeyLength: 100 });
    expect(() => tieredCacheStore(narrow)).toThrow("cache must allow keys of 256 bytes");
  });
});

describe("keys", () => {
  const key = (fields: Partial<HttpCacheKey>): HttpCacheKey => ({
    ...{ origin: "https://a.test", method: "GET", path: "/", headers: {} },
    ...fields,
  });
  const keyOf = (fields: Partial<HttpCacheKey>, names: readonly string[] = []): string => {
    const request = key(fields);
    return responseKey(urlOf(request), request, names, request.headers ?? {});
  };

  test("are bounded, and hold no header", () => {
    const secret = "s".repeat(2_000);
    const headers = { authorization: secret, "x-key": secret };
    expect(keyOf({ path: `/${secret}`, headers }, ["x-key"])).toMatch(/^response#.{43}$/);
    expect(urlKey("https://a.test/b")).toBe("https://a.test/b");
    expect(urlKey(`https://a.test/${"é".repeat(200)}`)).toMatch(/^url#.{43}$/);
    expect(urlKey("https://a.test/\ud800")).not.toBe(urlKey("https://a.test/\ud801"));
  });

  test("differ by all that tells responses apart, and by nothing else", () => {
    const all = [
      keyOf({}),
      keyOf({ method: "HEAD" }),
      keyOf({ path: "/b" }),
      keyOf({ headers: { authorization: "a" } }),
      keyOf({ headers: { authorization: "b" } }),
      keyOf({ headers: {} }, ["x"]),
      keyOf({ headers: { x: "" } }, ["x"]),
      keyOf({ headers: { x: "a, b" } }, ["x"]),
      keyOf({ headers: { x: ["a", "b"] } }, ["x"]),
      keyOf({ headers: { x: "a" } }, ["x", "y"]),
      keyOf({ headers: { y: "a" } }, ["x", "y"]),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(keyOf({ origin: "https://a.test/", headers: { z: "1" } })).toBe(keyOf({}));
    expect(keyOf({ headers: { Authorization: "a" } })).toBe(keyOf({ headers: { authorization: "a" } }));
  });
});

describe("used by itself", () => {
  const value = (fields: Partial<HttpCacheValue> = {}): HttpCacheValue => {
    const now = Date.now();
    const instants = { cachedAt: now, staleAt: now + 5_000, deleteAt: now + 10_000 };
    return { statusCode: 200, statusMessage: "OK", headers: {}, ...instants, ...fields };
  };
  const key = (): HttpCacheKey => ({ origin: "https://a.test", method: "GET", path: "/", headers: {} });

  test("it keeps a response until its end, fresh or not, on the clock that it is given", async () => {
    const { cache, clock } = createCache({ ttl: 1, staleWhileRevalidate: 60_000, jitter: 1, random: () => 0.9 });
    const store = tieredCacheStore(cache, { clock });
    store.createWriteStream(key(), value())!.end("body");
    expect((await store.get(key()))?.body.toString()).toBe("body");
    await clock.advance(9_000);
    expect((await store.get(key()))?.body.toString()).toBe("body");
    await clock.advance(1_000);
    expect(await store.get(key())).toBeUndefined();
  });

  test("it keeps a response that lives long beside one of the same URL that does not", async () => {
    const { cache, clock } = createCache();
    const store = tieredCacheStore(cache, { clock });
    const inHours = (hours: number) => ({ deleteAt: Date.now() + hours * 3_600_000 });
    store.createWriteStream(key(), value({ ...inHours(10), cachedAt: Date.now() - 5_000 }))!.end("long");
    await store.get(key());
    const other = { ...key(), headers: { "x-n": "1" } };
    store.createWriteStream(other, value({ ...inHours(0.01), vary: { "x-n": "1" } }))!.end("short");
    expect((await store.get(other))?.body.toString()).toBe("short");
    await clock.advance(9.9 * 3_600_000);
    expect((await store.get(other))?.body.toString()).toBe("long");
    // The state of the URL lasts for another ten hours; the response does not.
    await clock.advance(0.1 * 3_600_000);
    expect(await store.get(other)).toBeUndefined();
  });

  test.each([1, 2])("it does not bring back what is ended between two steps of storing it (%i)", async (step) => {
    const cache = new TieredCacheManager();
    const store = tieredCacheStore(cache);
    const { getEntry } = cache;
    let steps = 0;
    // It looks at the state of the URL before it stores the response, and before it changes that state.
    cache.getEntry = (async (...all: Parameters<typeof getEntry>) => {
      const entry = await getEntry.apply(cache, all);
      if (++steps === step) await cache.delete("https://a.test/", { namespace: "undici" });
      return entry;
    }) as typeof getEntry;
    store.createWriteStream(key(), value())!.end("old");
    await store.close();
    expect(steps).toBe(2);
    expect(await tieredCacheStore(cache).get(key())).toBeUndefined();
  });

  test("it takes nothing that is over, that changes something, or that it cannot tell credentials of", async () => {
    const store = tieredCacheStore(new TieredCacheManager());
    expect(store.createWriteStream(key(), value({ deleteAt: Date.now() }))).toBeUndefined();
    for (const odd of [{ method: "POST" }, { headers: ["authorization", "a"] as never }]) {
      expect(store.get({ ...key(), ...odd })).toBeUndefined();
      expect(store.createWriteStream({ ...key(), ...odd }, value())).toBeUndefined();
    }
  });

  test("it gives the values of vary as the request has them, and keeps none", async () => {
    const cache = new TieredCacheManager();
    const store = tieredCacheStore(cache);
    const vary = { "x-secret": "s3cret", "x-none": null };
    const request = { ...key(), headers: { "x-secret": "s3cret" } };
    store.createWriteStream(request, value({ vary }))!.end("body");
    expect((await store.get({ ...request }))?.vary).toEqual(vary);
    for await (const name of cache.keys({ namespace: "undici" })) {
      const stored = JSON.stringify([name, await cache.get(name, { namespace: "undici" })]);
      expect(stored).not.toContain("s3cret");
    }
  });

  test("it notes the headers of responses that are stored in the same moment", async () => {
    const cache = new TieredCacheManager();
    const urls = new UrlStates(cache, resolveOptions(cache, {}));
    const { generation } = await urls.open("https://a.test/", "k");
    const all = [["a"], ["b"], ["c"], ["a", "b"], []];
    await Promise.all(all.map((names) => urls.note("https://a.test/", "k", generation, names, 1_000)));
    expect(new Set((await urls.peek("k"))?.varies)).toEqual(new Set(all));
  });

  test("it forgets names by which a URL has not varied for long", async () => {
    const cache = new TieredCacheManager();
    const store = tieredCacheStore(cache);
    for (let index = 0; index < 20; index++) {
      store.createWriteStream(key(), value({ vary: { [`x-${index}`]: null } }))!.end(String(index));
      await store.get(key());
    }
    const state = await cache.get<{ varies: unknown[] }>("https://a.test/", { namespace: "undici" });
    expect(state?.varies).toEqual([19, 18, 17, 16, 15, 14, 13, 12].map((index) => [`x-${index}`]));
  });
});
