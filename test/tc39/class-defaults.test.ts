// @CacheDefaults on classes of standard decorators. Its twin is test/legacy/class-defaults.test.ts.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import {
  CacheDefaults,
  type CacheDefaultsOptions,
  Cached,
  CachedSync,
  cacheOf,
  createDecorators,
  Invalidates,
} from "../../src/decorators/index.ts";

let cache: TieredCacheManager;

beforeEach(() => {
  cache = new TieredCacheManager();
});

afterEach(async () => {
  await cache.close();
  await cacheRegistry.shutdown();
});

const bound = createDecorators(() => {
  throw new Error("the class names a cache");
});

function define() {
  @CacheDefaults({ cache, namespace: "n:{this.tenant}", tags: ["t:{this.tenant}"], ttl: "1m" })
  class Products {
    tenant = "acme";

    @Cached("product:{id}")
    async find(id: number): Promise<string> {
      return `${this.tenant} ${id}`;
    }

    @bound.Cached("other:{id}", { namespace: "other", tags: [], ttl: undefined })
    async other(id: number): Promise<string> {
      return `other ${id}`;
    }

    @CachedSync("size:{id}")
    size(id: number): string {
      return `size ${id}`;
    }

    @Cached("private:{id}", { ttl: "2m" })
    async #secret(id: number): Promise<string> {
      return `secret ${id}`;
    }

    @Invalidates("product:{0}")
    async save(_id: number): Promise<void> {}

    use(id: number): Promise<string> {
      return this.#secret(id);
    }
  }

  class Books extends Products {
    @Cached("book:{id}")
    async book(id: number): Promise<string> {
      return `book ${id}`;
    }
  }

  @CacheDefaults({ namespace: "toys" })
  class Toys extends Products {
    @Cached("toy:{id}")
    async toy(id: number): Promise<string> {
      return `toy ${id}`;
    }
  }
  return { Products, Books, Toys };
}

describe("@CacheDefaults", () => {
  it("gives namespace, tags, ttl and cache to methods that do not say otherwise", async () => {
    const { Products } = define();
    const products = new Products();
    expect(await products.find(1)).toBe("acme 1");
    const entry = await cache.getEntry("product:1", { namespace: "n:acme" });
    expect(entry).toMatchObject({ value: "acme 1", tags: ["t:acme"] });
    expect(entry!.freshUntil - entry!.createdAt).toBe(60_000);
    await products.other(1);
    const other = await cache.getEntry("other:1", { namespace: "other" });
    expect(other).toMatchObject({ value: "other 1", tags: [] });
    expect(other!.freshUntil - other!.createdAt).toBe(60_000);
    products.size(1);
    expect(cache.getSync("size:1", { namespace: "n:acme" })).toBe("size 1");
    await products.use(1);
    expect(await cache.has("private:1", { namespace: "n:acme" })).toBe(true);
  });

  it("gives the keys of invalidations their namespace", async () => {
    const products = new (define().Products)();
    await products.find(1);
    await products.save(1);
    expect(await cache.has("product:1", { namespace: "n:acme" })).toBe(false);
  });

  it("is inherited by subclasses for the methods they add", async () => {
    const { Books, Toys } = define();
    await new Books().book(1);
    expect(await cache.getEntry("book:1", { namespace: "n:acme" })).toMatchObject({ tags: ["t:acme"] });
    await new Toys().toy(1);
    expect(await cache.getEntry("toy:1", { namespace: "toys" })).toMatchObject({ tags: ["t:acme"] });
  });

  it("of a subclass leaves alone what it inherits: the results are shared", async () => {
    const { Products, Toys } = define();
    await new Toys().find(1);
    expect(await cache.has("product:1", { namespace: "n:acme" })).toBe(true);
    expect(await cacheOf(new Products(), "find").peek(1)).toBe("acme 1");
  });

  it("gives its id to no subclass: what overrides would answer for what it overrides", async () => {
    @CacheDefaults({ cache, id: "goods" })
    class Goods {
      @Cached()
      async find(id: number): Promise<string> {
        return `find ${id}`;
      }
    }
    class Rarities extends Goods {
      @Cached()
      override async find(id: number): Promise<string> {
        return `rare ${id}`;
      }
    }
    expect([await new Rarities().find(1), await new Goods().find(1)]).toEqual(["rare 1", "find 1"]);
    expect([await cache.has("goods.find(1)"), await cache.has("Rarities.find(1)")]).toEqual([true, true]);
  });

  it("can switch a class off before there is any cache", async () => {
    let runs = 0;
    @CacheDefaults({ enabled: false })
    class Off {
      @Cached("x")
      async find(): Promise<number> {
        return ++runs;
      }

      @Cached("y", { enabled: true })
      async on(): Promise<number> {
        return ++runs;
      }

      @Invalidates("x")
      async save(): Promise<number> {
        return ++runs;
      }
    }
    const off = new Off();
    expect([await off.find(), await off.find(), await off.save()]).toEqual([1, 2, 3]);
    await expect(off.on()).rejects.toMatchObject({ code: "not_initialized" });
  });

  it.each<[string, unknown, string]>([
    ["no options", undefined, "options must be an object, got undefined"],
    ["an option nobody knows", { tll: 1 }, "tll"],
    ["an option of methods", { condition: () => true }, "condition"],
    ["a bad duration", { ttl: "soon" }, "ttl must be a duration"],
    ["a cache that is none", { cache: {} }, "cache must be a cache"],
    ["an id that is no text", { id: 5 }, "id must be a non-empty string"],
    ["tags that are no templates", { tags: () => [] }, "tags must be an array of templates"],
    ["a tag that is no template", { tags: [5] }, "tags[0] must be a template, got 5"],
    [
      "a namespace of arguments",
      { namespace: "n:{0}" },
      "must name properties of this only, such as {this.tenant}, got {0}",
    ],
    ["a bad template", { namespace: "n:{" }, "must close every brace"],
  ])("refuses %s", (_what, options, found) => {
    const make = (): unknown => CacheDefaults(options as CacheDefaultsOptions);
    expect(make).toThrow(expect.objectContaining({ name: "CacheError" }));
    expect(make).toThrow(found);
  });

  it("refuses anything but a class", () => {
    const refused = { code: "invalid_decorator" };
    const decorate = CacheDefaults({}) as (...args: unknown[]) => void;
    expect(() => decorate({}, "name")).toThrow(expect.objectContaining(refused));
    expect(() => decorate(() => {}, { kind: "method" })).toThrow(expect.objectContaining(refused));
    expect(() => decorate(() => {}, "name")).toThrow(expect.objectContaining(refused));
    expect(() => decorate(() => {}, null)).toThrow(expect.objectContaining(refused));
  });
});
