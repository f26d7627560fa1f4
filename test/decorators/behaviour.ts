// What both flavours of the decorators promise. Each flavour runs these with classes its own compiler made.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import type { DecoratorCache } from "../../src/decorators/index.ts";
import { BY_SYMBOL, type DefineShop, type Products, type Shop } from "./shop.ts";

/** Runs the promises with the classes of one flavour. */
export function promisesOfDecorators(defineShop: DefineShop): void {
  let cache: TieredCacheManager;
  let log: string[];
  let shop: Shop;
  let products: Products;

  beforeEach(() => {
    cache = new TieredCacheManager();
    log = [];
    shop = defineShop(log, cache);
    products = new shop.Products();
  });

  afterEach(async () => {
    await cache.close();
    await cacheRegistry.shutdown();
  });

  describe("a cached method", () => {
    it("runs once for a key, and every call gets its result", async () => {
      expect([await products.product("1"), await products.product("1")]).toEqual(["acme product 1", "acme product 1"]);
      expect(log).toEqual(["acme product 1"]);
    });

    it("runs once for each key", async () => {
      await Promise.all([products.product("1"), products.product("2"), products.product("1:2")]);
      expect(log).toEqual(["acme product 1", "acme product 2", "acme product 1:2"]);
    });

    it("keeps its results under the key of the template", async () => {
      await products.product("a:b");
      expect(await cache.get("product:a%3Ab")).toBe("acme product a:b");
    });

    it("gets its arguments and this, defaults included", async () => {
      products.tenant = "emca";
      expect(await products.product("1")).toBe("emca product 1");
      expect(await products.page(1, 3, { size: 5 }, "a", "b")).toBe("page 1 3 5 a,b");
    });

    it("rejects where a placeholder stands for an argument that was left to its default", async () => {
      await expect(products.page(1)).rejects.toMatchObject({ code: "invalid_key_argument" });
      expect(log).toEqual([]);
    });

    it("runs once for concurrent calls with one key", async () => {
      const calls = [products.slow("1"), products.slow("1"), products.slow("1")];
      await untilRuns(products);
      products.release();
      expect(await Promise.all(calls)).toEqual(["slow 1", "slow 1", "slow 1"]);
      expect(log).toEqual(["slow 1"]);
    });

    it("rejects with its own error, unwrapped, and runs again at the next call", async () => {
      await expect(products.fails("1")).rejects.toBe(products.failure);
      await expect(products.fails("1")).rejects.toBe(products.failure);
      expect(log).toEqual(["fails 1", "fails 1"]);
    });

    it("rejects with an error it throws before there is a promise", async () => {
      await expect(products.failsAtOnce("1")).rejects.toBe(products.failure);
    });

    it("rejects without running when an argument cannot be part of the key", async () => {
      const call = products.product(undefined as unknown as string);
      await expect(call).rejects.toMatchObject({
        code: "invalid_key_argument",
        message: expect.stringContaining('"product:{id}"') as string,
      });
      expect(log).toEqual([]);
    });

    it("keeps its name and length", () => {
      const method = products.product as (...args: never[]) => unknown;
      expect([method.name, method.length]).toEqual(["product", 1]);
      expect([products.save.name, products.save.length]).toEqual(["save", 2]);
      expect([shop.Products.ofClass.name, products.page.length]).toEqual(["ofClass", 1]);
    });

    it("can be static", async () => {
      await shop.Products.ofClass("1");
      expect(await shop.Products.ofClass("1")).toBe("Products static 1");
      expect(log).toEqual(["Products static 1"]);
    });

    it("can have a computed name or a symbol as its name", async () => {
      await products.computedName("1");
      await products.computedName("1");
      await products[BY_SYMBOL]("1");
      await products[BY_SYMBOL]("1");
      expect(log).toEqual(["computed 1", "symbol 1"]);
    });

    it("can stand among decorators of others", async () => {
      await products.product2("1");
      expect(await products.product2("1")).toBe("product2 1");
      expect(log).toEqual(["product2 1"]);
    });

    it("can be called without an object where its key and body need none", async () => {
      const { all } = products;
      expect(await Reflect.apply(all, undefined, [])).toBe("all");
      expect(await all()).toBe("all");
      expect(log).toEqual(["all"]);
    });
  });

  describe("the key of a cached method", () => {
    it("can be a function, called with this and the arguments", async () => {
      await products.byFunction("1");
      expect(await cache.get("acme/1")).toBe("acme byFunction 1");
    });

    it("can be a function whose error reaches the caller as a rejection", async () => {
      await expect(products.byThrowing("bad")).rejects.toThrow(new TypeError("no key"));
      expect(log).toEqual([]);
    });

    it("can use names given by params", async () => {
      await products.byParams("1");
      expect(await cache.get("named:1")).toBe("byParams 1");
    });

    it("can do without placeholders", async () => {
      await products.all();
      expect(await cache.get("all", { namespace: "lists" })).toBe("all");
    });

    it("has its namespace and tags from templates, too", async () => {
      const shoes = { id: 1, category: "shoes" };
      await products.list(shoes);
      await products.list({ id: 2, category: "hats" });
      expect(await cache.getEntry("acme:list:1", { namespace: "lists:acme" })).toMatchObject({
        value: "acme list 1 shoes",
        tags: ["category:shoes", "lists"],
      });
      await cache.invalidateTags(["category:shoes"]);
      await products.list(shoes);
      await products.list({ id: 2, category: "hats" });
      expect(log).toEqual(["acme list 1 shoes", "acme list 2 hats", "acme list 1 shoes"]);
    });
  });

  describe("the cache of a cached method", () => {
    it("is the default one of the time of the call", async () => {
      products = new (defineShop(log).Products)();
      const initialized = cacheRegistry.initialize(new TieredCacheManager());
      expect(await products.product("1")).toBe("acme product 1");
      expect(await initialized.get("product:1")).toBe("acme product 1");
    });

    it("is missed with a clear rejection while there is none", async () => {
      products = new (defineShop(log).Products)();
      await expect(products.product("1")).rejects.toMatchObject({ code: "not_initialized" });
      await expect(products.save("1", 1)).rejects.toMatchObject({ code: "not_initialized" });
      expect(log).toEqual([]);
    });

    it("can be that of each object", async () => {
      await using other = new TieredCacheManager();
      const objects = [new shop.WithCache(cache), new shop.WithCache(other), new shop.WithCache(other)];
      for (const object of objects) await object.product("1");
      expect(log).toEqual(["own 1", "own 1"]);
    });

    it("is missed with a clear rejection when the object has none", async () => {
      await expect(new shop.WithCache(undefined).product("1")).rejects.toMatchObject({
        code: "invalid_option",
        message: "cache(this) must be a cache, or a function that returns one, got undefined",
      });
    });
  });

  describe("a subclass", () => {
    it("shares the results of methods it inherits", async () => {
      const Toys = class extends shop.Products {};
      await new Toys().product("1");
      await products.product("1");
      expect(log).toEqual(["acme product 1"]);
    });

    it("may override a method under the same key and call super without waiting for itself", async () => {
      const books = new shop.Books();
      expect(await books.product("1")).toBe("book of acme product 1");
      expect(await books.product("1")).toBe("book of acme product 1");
      expect(log).toEqual(["acme product 1", "book of acme product 1"]);
    });

    it("may override a method under the same key after objects of its parent were used", async () => {
      await products.product("1");
      await products.product("1");
      const books = new shop.Books();
      expect(await books.product("2")).toBe("book of acme product 2");
      expect(await products.product("2")).toBe("book of acme product 2");
      expect(await books.product("3")).toBe("book of acme product 3");
    });

    it("may override a method under another key, and both results are kept", async () => {
      expect(await new shop.Comics().product("1")).toBe("comic of acme product 1");
      expect(await cache.get("product:1")).toBe("acme product 1");
      expect(await cache.get("comic:1")).toBe("comic of acme product 1");
    });

    it("may override a method under a key that needs more arguments than super gets", async () => {
      const novels = new shop.Novels();
      expect(await novels.product("1", "2nd")).toBe("novel 2nd of book of acme product 1");
      expect(await novels.product("1", "3rd")).toBe("novel 3rd of book of acme product 1");
      expect(log.slice(2)).toEqual(["novel 2nd of book of acme product 1", "novel 3rd of book of acme product 1"]);
    });

    it("may come back to a key further up without waiting for itself", async () => {
      const classics = new shop.Classics();
      expect(await classics.product("1")).toBe("classic of novel 1st of book of acme product 1");
      await classics.product("1");
      expect(log).toHaveLength(4);
      expect(await cache.get("product:1")).toBe("classic of novel 1st of book of acme product 1");
    });

    it("may override a method under the same key in another namespace or cache, and both results are kept", async () => {
      await new shop.Toys().product("1");
      expect(await cache.get("product:1")).toBe("acme product 1");
      expect(await cache.get("product:1", { namespace: "toys" })).toBe("toy of acme product 1");
      await using second = new TieredCacheManager();
      await new shop.WithTwoCaches(cache, second).product("2");
      expect([await cache.get("product:2"), await second.get("product:2")]).toEqual(["own 2", "second of own 2"]);
    });

    it("may override a method without a decorator: super serves what is kept", async () => {
      const plain = new shop.Plain();
      await plain.product("1");
      await plain.product("1");
      expect(log).toEqual(["acme product 1", "plain of acme product 1", "plain of acme product 1"]);
    });

    it("may bind a method to each object", async () => {
      const Bound = class extends shop.Products {
        override product = super.product.bind(this);
      };
      const { product } = new Bound();
      await product("1");
      expect(await product("1")).toBe("acme product 1");
      expect(log).toEqual(["acme product 1"]);
    });
  });

  describe("stacked decorators", () => {
    it("of one key run the method once and wait for nobody", async () => {
      await products.twice("1");
      expect(await products.twice("1")).toBe("twice 1");
      expect(log).toEqual(["twice 1"]);
    });

    it("find the parameter names of the method below them", async () => {
      await products.product("1");
      await products.touch("1");
      await products.product("1");
      await products.touch("1");
      expect(log).toEqual(["acme product 1", "touch 1", "acme product 1"]);
    });
  });

  describe("an invalidating method", () => {
    it("gets its arguments and this, and its result reaches the caller", async () => {
      expect(await products.save("1", 5)).toBe("acme save 1 5");
    });

    it("deletes the key after it succeeded", async () => {
      await products.product("1");
      await products.save("1", 5);
      await products.product("1");
      expect(log).toEqual(["acme product 1", "acme save 1 5", "acme product 1"]);
    });

    it("leaves other keys alone", async () => {
      await products.product("2");
      await products.save("1", 5);
      await products.product("2");
      expect(log).toEqual(["acme product 2", "acme save 1 5"]);
    });

    it("invalidates nothing when it rejects, and rejects with its own error", async () => {
      await products.product("1");
      await expect(products.saveFails("1")).rejects.toBe(products.failure);
      expect(await cache.has("product:1")).toBe(true);
    });

    it("rejects without running when an argument cannot be part of a key", async () => {
      await expect(products.save(null as unknown as string, 5)).rejects.toMatchObject({ code: "invalid_key_argument" });
      expect(log).toEqual([]);
    });

    it("can have its key from a function", async () => {
      await products.product("1");
      await products.saveByFunction("1");
      expect(await cache.has("product:1")).toBe(false);
    });

    it("deletes several keys and invalidates tags", async () => {
      for (const id of ["1", "2", "3"]) await products.product(id);
      await products.list({ id: 1, category: "shoes" });
      await products.swap("1", "2", "shoes");
      const left = await Promise.all(["1", "2", "3"].map((id) => cache.has(`product:${id}`)));
      expect(left).toEqual([false, false, true]);
      expect(await cache.has("acme:list:1", { namespace: "lists:acme" })).toBe(false);
    });

    it("deletes keys in a namespace", async () => {
      const query = { id: 1, category: "shoes" };
      await products.list(query);
      await products.forget(query);
      expect(await cache.has("acme:list:1", { namespace: "lists:acme" })).toBe(false);
    });

    it("clears a namespace, and no other", async () => {
      await products.list({ id: 1, category: "shoes" });
      await products.product("1");
      await products.forgetLists();
      expect(await cache.has("acme:list:1", { namespace: "lists:acme" })).toBe(false);
      expect(await cache.has("product:1")).toBe(true);
    });

    it("resolves only when the invalidation has, and rejects when that fails", async () => {
      const order: string[] = [];
      const failure = new Error("authority away");
      const deleteMany = async (keys: readonly string[], options?: object): Promise<never> => {
        order.push(`run: ${log.join()}`, `delete: ${keys.join()} ${JSON.stringify(options)}`);
        await Promise.resolve();
        order.push("deleted");
        throw failure;
      };
      const failing = { get: () => {}, deleteMany } as unknown as DecoratorCache;
      products = new (defineShop(log, failing).Products)();
      await expect(products.save("1", 5)).rejects.toBe(failure);
      expect(order).toEqual(["run: acme save 1 5", "delete: product:1 {}", "deleted"]);
    });

    it("leaves no rejection unhandled when one part of the invalidation throws at once", async () => {
      const failing = {
        get: () => {},
        deleteMany: () => Promise.reject(new Error("authority away")),
        invalidateTags: () => {
          throw new Error("no such tag");
        },
      } as unknown as DecoratorCache;
      products = new (defineShop(log, failing).Products)();
      await expect(products.swap("1", "2", "shoes")).rejects.toThrow(/authority away|no such tag/);
    });
  });
}

/** Waits until the slow method has been entered: turns of the queue of promises, no time. */
async function untilRuns(products: Products): Promise<void> {
  const { release } = products;
  for (let turn = 0; products.release === release && turn < 100; turn++) await Promise.resolve();
}
