// What every compiler is given, in both flavours: decorated classes, and a report of what they did.

import { TieredCacheManager } from "freshtier";
import {
  CacheDefaults,
  Cached,
  cachedMethods,
  CachedSync,
  cacheOf,
  createDecorators,
  Invalidates,
} from "freshtier/decorators";

interface Filter {
  readonly id: number;
  readonly tags?: readonly string[];
}

const COMPUTED = "computed name";
const cache = new TieredCacheManager();
const bound = createDecorators(cache);
const runs: string[] = [];

function ran(what: string): string {
  runs.push(what);
  return what;
}

class Products {
  tenant = "acme";

  @Cached("product:{0}", { cache })
  async byIndex(id: number): Promise<string> {
    return ran(`${this.tenant} ${id}`);
  }

  @Cached("named:{id}:{lang}", { cache, params: ["id", "lang"] })
  async byParams(id: number, lang: string): Promise<string> {
    return ran(`${id} ${lang}`);
  }

  @Cached((id: number) => `function:${id}`, { cache })
  async byFunction(id: number): Promise<string> {
    return ran(`function ${id}`);
  }

  @bound.Cached("{this.tenant}:{0.id}:{0:hash}", { namespace: "n:{0.id}", tags: ["t:{0.id}", "all"] })
  async byFilter(filter: Filter): Promise<string> {
    return ran(`filter ${filter.id}`);
  }

  @Cached({ cache })
  async byArguments(filter: Filter, _page?: number): Promise<string> {
    return ran(`arguments ${filter.id}`);
  }

  @Cached({ cache, id: "by id" })
  async byId(filter: Filter, signal?: AbortSignal): Promise<string> {
    return ran(`id ${filter.id} ${signal instanceof AbortSignal}`);
  }

  @CachedSync("size:{0}", { cache, unless: (size: number) => size === 0 })
  size(id: number): number {
    ran(`size ${id}`);
    return id;
  }

  @Cached("generic:{0}", { cache, condition: (value: string) => value !== "not" })
  async generic<T extends string>(value: T): Promise<T> {
    ran(`generic ${value}`);
    return value;
  }

  overloaded(id: number): Promise<string>;
  overloaded(id: string, deep: boolean): Promise<string>;
  @Cached("overloaded:{0}", { cache })
  async overloaded(id: number | string, deep = false): Promise<string> {
    return ran(`overloaded ${id} ${deep}`);
  }

  @Cached("computed:{0}", { cache })
  async [COMPUTED](id: number): Promise<string> {
    return ran(`computed ${id}`);
  }

  @Invalidates("product:{0}", { cache })
  @Cached("stacked:{0}", { cache })
  async stacked(id: number): Promise<string> {
    return ran(`stacked ${id}`);
  }

  @Cached("static:{0}", { cache })
  static async ofClass(id: number): Promise<string> {
    return ran(`static ${id} ${typeof this}`);
  }
}

class Books extends Products {
  @Cached("product:{0}", { cache })
  override async byIndex(id: number): Promise<string> {
    return ran(`book of ${await super.byIndex(id)}`);
  }
}

@CacheDefaults({ cache, namespace: "defaults:{this.tenant}", id: "with defaults" })
class WithDefaults {
  tenant = "emca";

  @Cached()
  async find(id: number): Promise<string> {
    return ran(`defaults ${id}`);
  }
}

/** Each call twice: what is cached runs once. */
async function report(): Promise<Record<string, unknown>> {
  const products = new Products();
  const books = new Books();
  const calls: Record<string, () => unknown> = {
    byIndex: () => products.byIndex(1),
    byParams: () => products.byParams(1, "de"),
    byFunction: () => products.byFunction(1),
    byFilter: () => products.byFilter({ id: 1, tags: ["a"] }),
    byArguments: () => products.byArguments({ id: 1, tags: ["a"] }),
    byId: () => products.byId({ id: 1 }, new AbortController().signal),
    size: () => products.size(1),
    refused: () => products.size(0),
    generic: () => products.generic("a"),
    condition: () => products.generic("not"),
    overloaded: () => products.overloaded("a", true),
    computed: () => products[COMPUTED](1),
    ofClass: () => Products.ofClass(1),
    super: () => books.byIndex(2),
    defaults: () => new WithDefaults().find(1),
    stacked: () => products.stacked(1),
    again: () => products.byIndex(1),
  };
  const found: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(calls)) {
    runs.length = 0;
    try {
      found[name] = [await call(), await call(), runs.length];
    } catch (error) {
      found[name] = (error as { code?: string }).code ?? String(error);
    }
  }
  return {
    ...found,
    keys: [
      cacheOf(products, "byParams").key(2, "en"),
      cacheOf(Products, "ofClass").key(2),
      cacheOf(books, "byIndex").key(2),
    ],
    inNamespace: await cache.has("with defaults.find(1)", { namespace: "defaults:emca" }),
    tags: (await cache.getEntry(cacheOf(products, "byFilter").key({ id: 1, tags: ["a"] }), { namespace: "n:1" }))?.tags,
    methods: cachedMethods(Books).map(({ name }) => name),
    names: [products.byIndex.name, products.byIndex.length],
  };
}

console.log(JSON.stringify(await report()));
