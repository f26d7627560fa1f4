// The shop in the standard flavour. Its twin is test/legacy/shop.ts.

import { Cached, type DecoratorCache, Invalidates } from "../../src/decorators/index.ts";
import { BY_SYMBOL, type DefineShop, type Query, type Shop } from "../decorators/shop.ts";

const COMPUTED = "computedName";

export const defineShop: DefineShop = (log: string[], cache?: DecoratorCache): Shop => {
  const ran = (what: string): string => {
    log.push(what);
    return what;
  };

  class Products {
    tenant = "acme";
    readonly failure = new Error("database away");
    release: () => void = () => {};

    @Cached("static:{id}", { cache })
    static async ofClass(id: string): Promise<string> {
      return ran(`${this.name} static ${id}`);
    }

    @Cached("product:{id}", { cache })
    async product(id: string): Promise<string> {
      return ran(`${this.tenant} product ${id}`);
    }

    @stranger
    @Cached("product2:{0}", { cache })
    @stranger
    async product2(id: string): Promise<string> {
      return ran(`product2 ${id}`);
    }

    @Cached("{this.tenant}:list:{0.id}", {
      cache,
      namespace: "lists:{this.tenant}",
      tags: ["category:{0.category}", "lists"],
    })
    async list(query: Query): Promise<string> {
      return ran(`${this.tenant} list ${query.id} ${query.category}`);
    }

    @Cached("page:{from}-{to}", { cache, ttl: "1m" })
    async page(from: number, to = from + 1, { size = 10 }: { size?: number } = {}, ...rest: string[]): Promise<string> {
      return ran(`page ${from} ${to} ${size} ${rest.join()}`);
    }

    @Cached(
      function (this: Products, id: string) {
        return `${this.tenant}/${id}`;
      },
      { cache },
    )
    async byFunction(id: string): Promise<string> {
      return ran(`${this.tenant} byFunction ${id}`);
    }

    @Cached(
      (id: string) => {
        if (id === "bad") throw new TypeError("no key");
        return id;
      },
      { cache },
    )
    async byThrowing(id: string): Promise<string> {
      return ran(`byThrowing ${id}`);
    }

    @Cached("named:{product}", { cache, params: ["product"] })
    async byParams(id: string): Promise<string> {
      return ran(`byParams ${id}`);
    }

    @Cached("all", { cache, namespace: "lists", tags: ["lists"] })
    async all(): Promise<string> {
      return ran("all");
    }

    @Cached("fails:{id}", { cache })
    async fails(id: string): Promise<string> {
      ran(`fails ${id}`);
      throw this.failure;
    }

    @Cached("fails-at-once:{0}", { cache })
    failsAtOnce(_id: string): Promise<string> {
      throw this.failure;
    }

    @Cached("slow:{id}", { cache })
    async slow(id: string): Promise<string> {
      await new Promise<void>((resolve) => (this.release = resolve));
      return ran(`slow ${id}`);
    }

    @Cached("computed:{id}", { cache })
    async [COMPUTED](id: string): Promise<string> {
      return ran(`computed ${id}`);
    }

    @Cached("symbol:{id}", { cache })
    async [BY_SYMBOL](id: string): Promise<string> {
      return ran(`symbol ${id}`);
    }

    @Cached("twice:{id}", { cache })
    @Cached("twice:{id}", { cache })
    async twice(id: string): Promise<string> {
      return ran(`twice ${id}`);
    }

    @Invalidates("product:{id}", { cache })
    async save(id: string, price: number): Promise<string> {
      return ran(`${this.tenant} save ${id} ${price}`);
    }

    @Invalidates("product:{id}", { cache })
    async saveFails(id: string): Promise<string> {
      ran(`saveFails ${id}`);
      throw this.failure;
    }

    @Invalidates((id: string) => `product:${id}`, { cache })
    async saveByFunction(id: string): Promise<string> {
      return ran(`saveByFunction ${id}`);
    }

    @Invalidates(
      { keys: ["product:{0}", (_one: string, other: string) => `product:${other}`], tags: "category:{2}" },
      { cache },
    )
    async swap(one: string, other: string, category: string): Promise<string> {
      return ran(`swap ${one} ${other} ${category}`);
    }

    @Invalidates("{this.tenant}:list:{0.id}", { cache, namespace: "lists:{this.tenant}" })
    async forget(query: Query): Promise<string> {
      return ran(`forget ${query.id}`);
    }

    @Invalidates({ namespace: "lists:{this.tenant}", tags: ["lists"] }, { cache })
    async forgetLists(): Promise<string> {
      return ran("forgetLists");
    }

    @Cached("touch:{id}", { cache })
    @Invalidates("product:{id}", { cache })
    async touch(id: string): Promise<string> {
      return ran(`touch ${id}`);
    }
  }

  class Books extends Products {
    @Cached("product:{id}", { cache })
    override async product(id: string): Promise<string> {
      await Promise.resolve();
      return ran(`book of ${await super.product(id)}`);
    }
  }

  class Novels extends Books {
    @Cached("novel:{id}:{1}", { cache })
    override async product(id: string, edition?: string): Promise<string> {
      return ran(`novel ${edition} of ${await super.product(id)}`);
    }
  }

  class Classics extends Novels {
    @Cached("product:{id}", { cache })
    override async product(id: string, edition?: string): Promise<string> {
      return ran(`classic of ${await super.product(id, edition ?? "1st")}`);
    }
  }

  class Plain extends Products {
    override async product(id: string): Promise<string> {
      return ran(`plain of ${await super.product(id)}`);
    }
  }

  class WithCache {
    readonly cache: DecoratorCache;

    constructor(own: unknown) {
      this.cache = own as DecoratorCache;
    }

    @Cached("product:{id}", { cache: (self: WithCache) => self.cache })
    async product(id: string): Promise<string> {
      return ran(`own ${id}`);
    }
  }

  class Comics extends Products {
    @Cached("comic:{id}", { cache })
    override async product(id: string): Promise<string> {
      return ran(`comic of ${await super.product(id)}`);
    }
  }

  class Toys extends Products {
    @Cached("product:{id}", { cache, namespace: "toys" })
    override async product(id: string): Promise<string> {
      return ran(`toy of ${await super.product(id)}`);
    }
  }

  class WithTwoCaches extends WithCache {
    readonly second: DecoratorCache;

    constructor(own: unknown, second: unknown) {
      super(own);
      this.second = second as DecoratorCache;
    }

    @Cached("product:{id}", { cache: (self: WithTwoCaches) => self.second })
    override async product(id: string): Promise<string> {
      return ran(`second of ${await super.product(id)}`);
    }
  }

  return { Products, Books, Novels, Classics, Plain, Comics, Toys, WithCache, WithTwoCaches };
};

/** A decorator that knows nothing of caches and keeps no names. */
function stranger<M extends (...args: never[]) => unknown>(method: M, _context: ClassMethodDecoratorContext): M {
  return function (this: unknown, ...args: never[]) {
    return Reflect.apply(method, this, args);
  } as M;
}
