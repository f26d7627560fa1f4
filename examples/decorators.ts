// Caching as two decorators: one on the method that reads, one on the method that changes.
import { cacheRegistry } from "freshtier";
import { Cached, Invalidates } from "freshtier/decorators";

interface Product {
  readonly id: number;
  readonly price: number;
}

class ProductService {
  readonly #prices = new Map([[42, 1999]]);

  /** `{id}` is the parameter of that name. Callers at the same moment share one read. */
  @Cached("product:{id}", { ttl: "5m", tags: ["products"] })
  async product(id: number): Promise<Product> {
    console.log(`  database: reads product ${id}`);
    return { id, price: this.#prices.get(id) ?? 0 };
  }

  /** Invalidates once the method has resolved: the price is in the database by then. */
  @Invalidates("product:{id}")
  async changePrice(id: number, price: number): Promise<void> {
    console.log(`  database: product ${id} costs ${price} now`);
    this.#prices.set(id, price);
  }
}

cacheRegistry.initialize({ name: "shop" });
const service = new ProductService();

console.log("ten callers at once:");
const answers = await Promise.all(Array.from({ length: 10 }, () => service.product(42)));
console.log(`  ${answers.length} answers, all ${answers[0]?.price}`);

console.log("a new price:");
await service.changePrice(42, 1499);
console.log("the next caller:");
console.log(`  ${(await service.product(42)).price}`);

await cacheRegistry.get().invalidateTags(["products"]);
console.log("after invalidating the tag:");
console.log(`  ${(await service.product(42)).price}`);
await cacheRegistry.shutdown();
