// Synchronously cached methods in the legacy flavour. Their twin is test/tc39/prices.ts.

import { CachedSync, type DecoratorCache } from "../../src/decorators/index.ts";
import type { DefinePrices, PriceShop } from "../decorators/sync.ts";

export const definePrices: DefinePrices = (log: string[], cache?: DecoratorCache): PriceShop => {
  const ran = (what: string): string => {
    log.push(what);
    return what;
  };

  class Prices {
    tenant = "acme";
    readonly failure = new Error("no price");

    @CachedSync("static:{id}", { cache })
    static ofClass(id: string): string {
      return ran(`static ${id}`);
    }

    @CachedSync("{this.tenant}:price:{id}", { cache, namespace: "n", tags: ["prices:{0}"] })
    price(id: string): string {
      return ran(`${this.tenant} price ${id}`);
    }

    @CachedSync("fibonacci:{0}", { cache })
    fibonacci(n: number): number {
      ran(`fibonacci ${n}`);
      return n < 2 ? n : this.fibonacci(n - 1) + this.fibonacci(n - 2);
    }

    @CachedSync("endless:{id}", { cache })
    endless(id: string): string {
      return this.endless(id);
    }

    @CachedSync("fails:{id}", { cache })
    fails(id: string): string {
      ran(`fails ${id}`);
      throw this.failure;
    }

    @CachedSync("twice:{id}", { cache })
    @CachedSync("twice:{id}", { cache })
    twice(id: string): string {
      return ran(`twice ${id}`);
    }

    @CachedSync("promised:{id}", { cache })
    promised(id: string): unknown {
      return Promise.reject(new Error(id));
    }
  }

  class Discounts extends Prices {
    @CachedSync("{this.tenant}:price:{id}", { cache, namespace: "n" })
    override price(id: string): string {
      return `half of ${super.price(id)}`;
    }
  }

  return { Prices, Discounts };
};
