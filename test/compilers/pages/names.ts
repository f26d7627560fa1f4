// A template with the name of a parameter: it must work, or be refused where a minifier has renamed the parameter.

import { TieredCacheManager } from "freshtier";
import { Cached, cacheOf } from "freshtier/decorators";

const cache = new TieredCacheManager();

function define(): { new (): { find(tenant: string, id: number): Promise<string> } } {
  class Products {
    @Cached("product:{id}", { cache })
    async find(tenant: string, id: number): Promise<string> {
      await Promise.resolve();
      return `${tenant} ${id}`;
    }
  }
  return Products;
}

try {
  const Products = define();
  console.log(JSON.stringify({ key: cacheOf(new Products(), "find").key("acme", 7) }));
} catch (error) {
  console.log(JSON.stringify({ refused: (error as { code?: string }).code }));
}
