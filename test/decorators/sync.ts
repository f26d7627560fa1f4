// What both flavours of @CachedSync promise. Each flavour runs these with classes its own compiler made.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import type { DecoratorCache } from "../../src/decorators/index.ts";
import { CachedSync, type CachedSyncDecorator } from "../../src/decorators/index.ts";

/** Decorated synchronous methods. Each writes to the log when it really runs, and returns what it wrote. */
export interface Prices {
  tenant: string;
  /** `{this.tenant}:price:{id}`, tagged `prices:{0}`, in the namespace `n` */
  price(id: string): string;
  /** `fibonacci:{0}`; calls itself. */
  fibonacci(n: number): number;
  /** `endless:{id}`; calls itself with the same argument. */
  endless(id: string): string;
  /** Throws `failure`. */
  fails(id: string): string;
  readonly failure: Error;
  /** Stacked: cached twice under one key. */
  twice(id: string): string;
  /** Returns a promise that the compiler does not see. */
  promised(id: string): unknown;
}

/** The classes of one flavour. */
export interface PriceShop {
  readonly Prices: (new () => Prices) & {
    /** `static:{id}` */
    ofClass(id: string): string;
  };
  /** Overrides `price` under the same key and calls `super`. */
  readonly Discounts: new () => Prices;
}

/** Defines the classes of one flavour on a cache, or on the default one. */
export type DefinePrices = (log: string[], cache?: DecoratorCache) => PriceShop;

/** A decorator for a method with one text, of either flavour. */
export type AnySyncDecorator = CachedSyncDecorator;

/** Runs the promises. @param decorate defines a class whose method `get(id)` has the decorator */
export function promisesOfCachedSync(
  define: DefinePrices,
  decorate: (decorator: AnySyncDecorator) => unknown,
  wrong: Readonly<Record<"asyncMethod" | "getter", () => unknown>>,
): void {
  let cache: TieredCacheManager;
  let log: string[];
  let prices: Prices;
  let shop: PriceShop;

  beforeEach(() => {
    cache = new TieredCacheManager();
    log = [];
    shop = define(log, cache);
    prices = new shop.Prices();
  });

  afterEach(async () => {
    await cache.close();
    await cacheRegistry.shutdown();
  });

  describe("a synchronously cached method", () => {
    it("runs once for a key, and every call gets its result at once", () => {
      expect([prices.price("1"), prices.price("1"), prices.price("2")]).toEqual([
        "acme price 1",
        "acme price 1",
        "acme price 2",
      ]);
      expect(log).toEqual(["acme price 1", "acme price 2"]);
    });

    it("keeps its results under the key, namespace and tags of the templates", async () => {
      prices.price("1");
      const entry = await cache.getEntry("acme:price:1", { namespace: "n" });
      expect(entry).toMatchObject({ value: "acme price 1", tags: ["prices:1"] });
      await cache.invalidateTags(["prices:1"]);
      prices.tenant = "emca";
      expect([prices.price("1"), log.length]).toEqual(["emca price 1", 2]);
    });

    it("may call itself with other arguments, and not with its own", () => {
      expect(prices.fibonacci(50)).toBe(12_586_269_025);
      expect(log.length).toBe(51);
      expect(() => prices.endless("1")).toThrow(expect.objectContaining({ code: "cycle", key: "endless:1" }));
    });

    it("throws its own error, unwrapped, and runs again at the next call", () => {
      for (const runs of [1, 2]) {
        expect(() => prices.fails("1")).toThrow(prices.failure);
        expect(log.length).toBe(runs);
      }
    });

    it("throws without running when an argument cannot be part of the key", () => {
      const call = (): unknown => prices.price(undefined as unknown as string);
      expect(call).toThrow(expect.objectContaining({ code: "invalid_key_argument" }));
      expect(log).toEqual([]);
    });

    it("is refused when it returns a promise after all", () => {
      expect(() => prices.promised("1")).toThrow(/refresh of 'promised:1' must be synchronous/);
    });

    it("may be cached twice under one key, static, or called by an overriding method of its key", () => {
      expect([prices.twice("1"), prices.twice("1")]).toEqual(["twice 1", "twice 1"]);
      expect([shop.Prices.ofClass("1"), shop.Prices.ofClass("1")]).toEqual(["static 1", "static 1"]);
      const discounts = new shop.Discounts();
      expect([discounts.price("7"), discounts.price("7")]).toEqual(["half of acme price 7", "half of acme price 7"]);
      expect(log).toEqual(["twice 1", "static 1", "acme price 7"]);
    });

    it("works on the default cache, once there is one", () => {
      const elsewhere = new (define(log).Prices)();
      expect(() => elsewhere.price("1")).toThrow(expect.objectContaining({ code: "not_initialized" }));
      const standard = cacheRegistry.initialize();
      elsewhere.price("1");
      expect(standard.getSync("acme:price:1", { namespace: "n" })).toBe("acme price 1");
    });

    it("keeps its name and length", () => {
      expect([prices.price.name, prices.price.length]).toEqual(["price", 1]);
    });
  });

  describe("the definition of a class with @CachedSync", () => {
    it("refuses an asynchronous method", () => {
      const refused = {
        code: "invalid_decorator",
        message: expect.stringMatching(/^@CachedSync must decorate a method that returns no promise, got /),
      };
      expect(wrong.asyncMethod).toThrow(expect.objectContaining(refused));
    });

    it("refuses what is no method, and wrong templates and options", () => {
      expect(wrong.getter).toThrow(/^@CachedSync must decorate a method, got /);
      expect(() => decorate(CachedSync("user:{id") as AnySyncDecorator)).toThrow('key template "user:{id" must close');
      expect(() => decorate(CachedSync("user:{id}", { tll: 1 } as never) as AnySyncDecorator)).toThrow(/tll/);
      expect(() => decorate(CachedSync("user:{id}", { cache: {} as never }) as AnySyncDecorator)).toThrow(
        "cache must be a cache",
      );
    });
  });
}
