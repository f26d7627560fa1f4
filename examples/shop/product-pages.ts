// How the shop gets a product page: straight from the database, or through freshtier. The part to copy.
import { memoryTier, TieredCacheManager } from "freshtier";
import type { Product } from "./catalogue.ts";

/** Reads one product from the database. */
export type LoadProduct = (id: number) => Promise<Product>;

export interface ProductPages {
  readonly product: LoadProduct;
  /** To be awaited after a new price was committed: from then on nobody may see the old one. */
  readonly priceChanged: (id: number) => Promise<void>;
  /** The same for all products of a category. */
  readonly categoryChanged: (category: string) => Promise<void>;
  /** How requests were answered so far; `undefined` where there is no cache to ask. */
  readonly served: () => Served | undefined;
  readonly close: () => Promise<void>;
}

export interface Served {
  readonly fresh: number;
  readonly stale: number;
  readonly miss: number;
  /** Results not stored, because an invalidation came while they were being loaded. */
  readonly fenced: number;
}

export const CACHE_ENTRIES = 5_000;

export function pagesFromDatabase(load: LoadProduct): ProductPages {
  return {
    product: load,
    priceChanged: async () => {},
    categoryChanged: async () => {},
    served: () => undefined,
    close: async () => {},
  };
}

export function pagesFromCache(load: LoadProduct): ProductPages {
  const cache = new TieredCacheManager({
    name: "shop",
    tiers: [memoryTier({ maxEntries: CACHE_ENTRIES })],
    ttl: "2s", // stands for the minutes of a shop in which visitors take their time
    staleWhileRevalidate: "10s",
    staleIfError: "1m",
    jitter: 0.1,
    refreshConcurrency: 5, // half of the database connections: the others are for visitors who wait
  });
  const products = cache.namespace("products");

  return {
    product: (id) =>
      products.get(`product:${id}`, async (context) => {
        const product = await load(id);
        context.setTags([`category:${product.category}`]);
        return product;
      }),
    priceChanged: async (id) => {
      await products.delete(`product:${id}`);
    },
    categoryChanged: async (category) => {
      await cache.invalidateTags([`category:${category}`]);
    },
    served: () => {
      const { hits, misses, refreshes } = cache.stats();
      return { fresh: hits.fresh, stale: hits.stale, miss: misses, fenced: refreshes.fenced };
    },
    close: () => cache.close(),
  };
}

/** The control experiment: the same pages, but nobody tells the cache when prices change. */
export function withoutInvalidation(pages: ProductPages): ProductPages {
  return { ...pages, priceChanged: async () => {}, categoryChanged: async () => {} };
}
