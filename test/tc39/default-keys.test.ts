// Methods without a key: known by class, method and arguments.

import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { Cached, CachedSync, CacheDefaults, cacheOf } from "../../src/decorators/index.ts";

let cache: TieredCacheManager;
let runs: string[];

beforeEach(() => {
  cache = new TieredCacheManager();
  runs = [];
});

afterEach(() => cache.close());

function run<T>(what: T): T {
  runs.push(String(what));
  return what;
}

function defineProducts(options: { readonly id?: string } = {}) {
  class Products {
    tenant = "acme";

    @Cached({ cache, ...options })
    async find(filter?: unknown, _page?: number): Promise<string> {
      return run(`find ${inspect(filter)}`);
    }

    @Cached(undefined, { cache, ttl: "1m", ...(options.id === undefined ? {} : { id: `${options.id} list` }) })
    async list(..._ids: unknown[]): Promise<string> {
      return run("list");
    }

    @Cached({ cache, ...(options.id === undefined ? {} : { id: `${options.id} static` }) })
    static async find(filter?: unknown): Promise<string> {
      return run(`static ${inspect(filter)}`);
    }
  }
  return Products;
}

describe("a method without a key", () => {
  it("runs once for equal arguments, whatever the object, and keeps the result under class and method", async () => {
    const Products = defineProducts();
    const [one, other] = [new Products(), new Products()];
    other.tenant = "emca";
    await one.find({ a: 1, b: [2n, new Date(0)] });
    await other.find({ b: [2n, new Date(0)], a: 1 });
    expect(runs).toHaveLength(1);
    await one.find({ a: 1, b: [2n, new Date(1)] });
    expect(runs).toHaveLength(2);
    await one.find();
    expect(await cache.has("Products.find()")).toBe(true);
    expect(await cache.ttl("Products.list()")).toBeUndefined();
  });

  it("takes a parameter left out for one that is undefined", async () => {
    const products = new (defineProducts())();
    await products.find(1);
    await products.find(1, undefined);
    expect(runs).toHaveLength(1);
  });

  it("does not mix up methods, static ones, or subclasses", async () => {
    const Products = defineProducts();
    class Books extends Products {
      @Cached({ cache })
      override async find(filter?: unknown): Promise<string> {
        return `book of ${await super.find(filter)}`;
      }
    }
    const [products, books] = [new Products(), new Books()];
    expect(await books.find(1)).toBe("book of find 1");
    expect(await products.find(1)).toBe("find 1");
    expect(await Products.find(1)).toBe("static 1");
    expect(await products.list(1)).toBe("list");
    expect(await books.list(1)).toBe("list");
    expect(runs).toEqual(["find 1", "static 1", "list"]);
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys.sort()).toEqual(["Books.find(1)", "Products.find(1)", "Products.list(1)", "static Products.find(1)"]);
  });

  it("rejects for an argument that cannot be encoded, and says which", async () => {
    await expect(new (defineProducts())().list(1, () => 2)).rejects.toMatchObject({
      code: "invalid_key_argument",
      message: expect.stringContaining("argument 1 of Products.list must be data") as string,
    });
    expect(runs).toEqual([]);
  });

  it("reads the name of its class at the first call", async () => {
    const Products = defineProducts();
    Object.defineProperty(Products, "name", { value: "Goods" });
    await new Products().find(1);
    expect(await cache.has("Goods.find(1)")).toBe(true);
  });

  it("refuses a second class of its name on the same cache, and not on another", async () => {
    const [One, Other] = [defineProducts(), defineProducts()];
    await new One().find(1);
    await expect(new Other().find(1)).rejects.toMatchObject({
      code: "invalid_decorator",
      message: expect.stringMatching(
        /a class must have a name of its own .*"?class Products"? twice|'class Products' twice/,
      ) as string,
    });
    await expect(new Other().list(1)).rejects.toMatchObject({ code: "invalid_decorator" });
    const first = cache;
    await using second = new TieredCacheManager();
    cache = second;
    expect(await new (defineProducts())().find(1)).toBe("find 1");
    cache = first;
  });

  it("accepts a second class of its name that gives an id", async () => {
    const [One, Other] = [defineProducts(), defineProducts({ id: "other products" })];
    await new One().find(1);
    expect(await new Other().find(1)).toBe("find 1");
    expect(runs).toHaveLength(2);
    expect(await cache.has("other products(1)")).toBe(true);
    const Third = defineProducts({ id: "other products" });
    await expect(new Third().find(1)).rejects.toMatchObject({ code: "invalid_decorator" });
  });

  it("accepts a second class of its name that has an id for all its methods", async () => {
    const define = (): new () => { find(id: number): Promise<number> } => {
      @CacheDefaults({ id: "second", cache })
      class Products {
        @Cached()
        async find(id: number): Promise<number> {
          return run(id);
        }
      }
      return Products;
    };
    await new (defineProducts())().find(1);
    expect(await new (define())().find(1)).toBe(1);
    expect(await cache.has("second.find(1)")).toBe(true);
    await expect(new (define())().find(1)).rejects.toMatchObject({ code: "invalid_decorator" });
  });

  it.each(["a", "ab", ""])("refuses the class name %j, which may be a minifier's", async (name) => {
    const Products = defineProducts();
    Object.defineProperty(Products, "name", { value: name });
    await expect(new Products().find(1)).rejects.toMatchObject({
      code: "invalid_decorator",
      message: expect.stringContaining(`got '${name}'`) as string,
    });
    const WithId = defineProducts({ id: "p" });
    Object.defineProperty(WithId, "name", { value: name });
    expect(await new WithId().find(1)).toBe("find 1");
  });

  it("escapes names that could be mistaken for arguments", async () => {
    class Odd {
      @Cached({ cache })
      async ["find(1)#%"](_id: number): Promise<string> {
        return run("odd");
      }
    }
    await new Odd()["find(1)#%"](2);
    expect(await cache.has("Odd.find%281)#%25(2)")).toBe(true);
  });

  it("works in private methods, and those of classes", async () => {
    class Vault {
      @Cached({ cache })
      async #open(id: number): Promise<string> {
        return run(`open ${id}`);
      }

      @Cached({ cache })
      static async #count(): Promise<string> {
        return run("count");
      }

      @CachedSync({ cache })
      weight(id: number): string {
        return run(`weight ${id}`);
      }

      key(): string {
        return cacheOf(this, this.#open).key(1);
      }

      async use(): Promise<string[]> {
        return [await this.#open(1), await this.#open(1), await Vault.#count(), await Vault.#count()];
      }
    }
    const vault = new Vault();
    expect(vault.key()).toBe(`${Vault.name}.#open(1)`);
    expect(await vault.use()).toEqual(["open 1", "open 1", "count", "count"]);
    expect([vault.weight(1), vault.weight(1)]).toEqual(["weight 1", "weight 1"]);
    expect(runs).toEqual(["open 1", "count", "weight 1"]);
  });

  it("needs an object of its class at the first call, or an id", async () => {
    const { find } = new (defineProducts())();
    await expect(Reflect.apply(find, undefined, [1])).rejects.toMatchObject({
      code: "invalid_decorator",
      message: expect.stringContaining("find must be called on an object of its class, or have an id") as string,
    });
    const named = new (defineProducts({ id: "named" }))().find;
    expect(await Reflect.apply(named, undefined, [1])).toBe("find 1");
    const products = new (defineProducts())();
    const free = products.find;
    await products.find(1);
    expect(await Reflect.apply(free, undefined, [1])).toBe("find 1");
    expect(cacheOf(free).key(1)).toBe("Products.find(1)");
  });

  it("is found below the decorators of others", async () => {
    const stranger = <M extends (...args: never[]) => unknown>(method: M, _context: ClassMethodDecoratorContext): M =>
      function (this: unknown, ...args: never[]) {
        return Reflect.apply(method, this, args);
      } as M;
    class Below {
      @stranger
      @Cached({ cache })
      async find(id: number): Promise<number> {
        return run(id);
      }
    }
    await new Below().find(1);
    await new Below().find(1);
    expect(runs).toEqual(["1"]);
    expect(cacheOf(new Below(), "find").key(1)).toBe("Below.find(1)");
  });

  it("runs once when it is cached twice", async () => {
    class Twice {
      @Cached({ cache })
      @Cached({ cache })
      async find(id: number): Promise<number> {
        return run(id);
      }
    }
    expect(await new Twice().find(1)).toBe(1);
    expect(runs).toEqual(["1"]);
  });
});

describe("the definition of a class", () => {
  it.each<[string, () => unknown, string]>([
    ["an id beside a key", () => Cached("x:{0}", { id: "x" }), "id must be given without a key"],
    ["an id that is no text", () => Cached({ id: "" }), "id must be a non-empty string, got ''"],
    ["options that are none", () => Cached("x", 5 as never), "options must be an object, got 5"],
    ["a key that is null", () => Cached(null as never), "key must be a template or a function, got null"],
  ])("refuses %s", (_what, make, found) => {
    const define = (): unknown => {
      class Service {
        @(make() as ReturnType<typeof Cached>)
        async find(id: string): Promise<string> {
          return id;
        }
      }
      return Service;
    };
    expect(define).toThrow(expect.objectContaining({ code: "invalid_option" }));
    expect(define).toThrow(found);
  });

  it("refuses a decorator that was not called", () => {
    const define = (): unknown => {
      class Service {
        // @ts-expect-error it must be called
        @Cached
        async find(id: string): Promise<string> {
          return id;
        }
      }
      return Service;
    };
    expect(define).toThrow("@Cached must be called, as in @Cached(), got a method");
  });
});
