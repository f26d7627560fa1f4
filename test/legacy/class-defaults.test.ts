// @CacheDefaults, cacheOf and cachedMethods on classes of legacy decorators. Their twins are in test/tc39.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { CacheDefaults, Cached, cachedMethods, CachedSync, cacheOf, Invalidates } from "../../src/decorators/index.ts";

let cache: TieredCacheManager;

beforeEach(() => {
  cache = new TieredCacheManager();
});

afterEach(() => cache.close());

/** A decorator that knows nothing of caches. */
function stranger(_target: object, _name: string, descriptor: PropertyDescriptor): PropertyDescriptor {
  const method = descriptor.value as (...args: unknown[]) => unknown;
  return {
    ...descriptor,
    value(this: unknown, ...args: unknown[]) {
      return Reflect.apply(method, this, args);
    },
  };
}

function define() {
  @CacheDefaults({ cache, namespace: "n:{this.tenant}", ttl: "1m" })
  class Products {
    tenant = "acme";
    runs = 0;

    @stranger
    @Cached("product:{id}")
    async find(id: number): Promise<string> {
      this.runs++;
      return `${this.tenant} ${id}`;
    }

    @Cached({ namespace: "own" })
    async list(..._ids: number[]): Promise<number> {
      return ++this.runs;
    }

    @CachedSync("size:{id}")
    size(id: number): string {
      return `size ${id}`;
    }

    @Invalidates("product:{id}")
    async save(id: number): Promise<number> {
      return id;
    }

    @Cached("static:{id}", { namespace: "static" })
    static async ofClass(id: number): Promise<number> {
      return id;
    }
  }

  @CacheDefaults({ id: "goods", namespace: "books" })
  class Books extends Products {
    @Cached()
    override async list(..._ids: number[]): Promise<number> {
      return ++this.runs;
    }
  }
  return { Products, Books };
}

describe("@CacheDefaults", () => {
  it("gives its options to methods that do not say otherwise, also below other decorators", async () => {
    const products = new (define().Products)();
    await products.find(1);
    expect(await cache.getEntry("product:1", { namespace: "n:acme" })).toMatchObject({ value: "acme 1" });
    await products.save(1);
    expect(await cache.has("product:1", { namespace: "n:acme" })).toBe(false);
    products.size(1);
    expect(cache.getSync("size:1", { namespace: "n:acme" })).toBe("size 1");
    await products.list(1, 2);
    expect(await cache.has("Products.list(1,2)", { namespace: "own" })).toBe(true);
  });

  it("of a subclass is for what that adds, and its id for itself", async () => {
    const books = new (define().Books)();
    await books.find(1);
    await books.list(1);
    expect(await cache.has("product:1", { namespace: "n:acme" })).toBe(true);
    expect(await cache.has("goods.list(1)", { namespace: "books" })).toBe(true);
  });

  it("works where the method is called without an object: the class is known", async () => {
    const { ofClass } = define().Products;
    expect(await Reflect.apply(ofClass, undefined, [1])).toBe(1);
    expect(await cache.has("static:1", { namespace: "static" })).toBe(true);
    const { list } = define().Products.prototype;
    expect(cacheOf(list).key(1)).toBe("Products.list(1)");
  });
});

describe("cacheOf and cachedMethods", () => {
  it("find what stands below other decorators", async () => {
    const { Products, Books } = define();
    const products = new Products();
    const find = cacheOf(products, "find");
    expect([find.key(1), await find.get(1), await find.peek(1), products.runs]).toEqual([
      ...["product:1", "acme 1", "acme 1", 1],
    ]);
    await find.refresh(1);
    expect(products.runs).toBe(2);
    expect(cacheOf(new Books(), "find").key(2)).toBe("product:2");
    expect(cachedMethods(Books).map(({ name, options }) => [name, options.namespace])).toEqual([
      ["ofClass", "static"],
      ["list", "books"],
      ["find", "n:{this.tenant}"],
      ["size", "n:{this.tenant}"],
    ]);
    expect(() => cacheOf(products, "save")).toThrow("cacheOf must be given a method with @Cached, got 'save'");
  });
});
