// How the shop gets a product page: straight from the database, or through freshtier. The part to copy.
import { memoryTier, TieredCacheManager, type CacheOptions, type MutationResult } from "freshtier";
import { redisTier } from "freshtier/redis";
import { sqliteTier } from "freshtier/sqlite";
import type { Product } from "./catalogue.ts";
import { watchFirstReads, type FirstReads } from "./first-reads.ts";

/** Reads one product from the database. */
export type LoadProduct = (id: number) => Promise<Product>;

export interface ProductPages {
  readonly product: LoadProduct;
  /** To be awaited after a new price was committed: from then on nobody may see the old one. */
  readonly priceChanged: (id: number) => Promise<MutationResult>;
  /** The same for all products of a category. */
  readonly categoryChanged: (category: string) => Promise<MutationResult>;
  /** The same for prices of which nobody knows whether the cache was told: those of the last run that were changed at its end, or since. */
  readonly pricesChanged: (ids: readonly number[]) => Promise<MutationResult>;
  /** How many products the cache has kept from the last run. */
  readonly kept: () => Promise<number>;
  /** How the first requests were answered. */
  readonly firstReads: () => FirstReads | undefined;
  /** How requests were answered so far; `undefined` where there is no cache to ask. */
  readonly served: () => Served | undefined;
  readonly close: () => Promise<void>;
}

export interface Served {
  readonly fresh: number;
  readonly stale: number;
  readonly miss: number;
  /** Found in the file, and not in the memory of the process. */
  readonly fromFile: number;
  /** Results not stored, because an invalidation came while they were being loaded. */
  readonly fenced: number;
}

export const CACHE_ENTRIES = 5_000;
/** Half of the database connections: the others are for visitors who wait. */
const BACKGROUND_QUERIES = 5;

const LIFETIMES = {
  ttl: "2s", // stands for the minutes of a shop in which visitors take their time
  staleWhileRevalidate: "10s",
  staleIfError: "1m",
  jitter: 0.1,
} as const satisfies CacheOptions;

/**
 * For a shop of one process, which finds its cache warm when it starts again.
 * @param identity of the database: what was cached of another one is not used
 */
export function openCache(path: string, identity: string): TieredCacheManager {
  return new TieredCacheManager({
    name: "shop",
    version: identity,
    tiers: [memoryTier({ maxEntries: CACHE_ENTRIES }), sqliteTier({ path })],
    refreshConcurrency: BACKGROUND_QUERIES,
    ...LIFETIMES,
    // A night. What was not invalidated is right however old it is; it is served at once and refreshed behind.
    staleWhileRevalidate: "1d",
  });
}

/** For each process of a shop of several: what one of them invalidates, all of them forget. */
export function openSharedCache(name: string, url: string, processes: number): TieredCacheManager {
  return new TieredCacheManager({
    name,
    tiers: [memoryTier({ maxEntries: CACHE_ENTRIES }), redisTier({ url })],
    refreshConcurrency: Math.max(1, Math.round(BACKGROUND_QUERIES / processes)),
    ...LIFETIMES,
  });
}

export function pagesFromCache(cache: TieredCacheManager, load: LoadProduct): ProductPages {
  const products = cache.namespace("products");
  const firstReads = watchFirstReads(cache);

  return {
    product: (id) =>
      products.get(productKey(id), async (context) => {
        const product = await load(id);
        context.setTags([`category:${product.category}`]);
        return product;
      }),
    priceChanged: (id) => products.delete(productKey(id)),
    pricesChanged: (ids) => products.deleteMany(ids.map(productKey)),
    categoryChanged: (category) => cache.invalidateTags([`category:${category}`]),
    kept: async () => {
      let count = 0;
      for await (const _ of products.keys()) count += 1;
      return count;
    },
    firstReads,
    served: () => {
      const { hits, misses, refreshes, tiers } = cache.stats();
      const inFile = tiers["sqlite"]?.hits;
      const fromFile = inFile === undefined ? 0 : inFile.fresh + inFile.stale + inFile.rescue;
      return { fresh: hits.fresh, stale: hits.stale, miss: misses, fromFile, fenced: refreshes.fenced };
    },
    close: () => cache.close(),
  };
}

export function productKey(id: number): string {
  return `product:${id}`;
}

export function pagesFromDatabase(load: LoadProduct): ProductPages {
  return {
    product: load,
    ...NOBODY_INVALIDATES,
    kept: async () => 0,
    firstReads: () => undefined,
    served: () => undefined,
    close: async () => {},
  };
}

/** The control experiment: the same pages, but nobody tells the cache when prices change. */
export function withoutInvalidation(pages: ProductPages): ProductPages {
  return { ...pages, ...NOBODY_INVALIDATES };
}

const nobodyInvalidates = async (): Promise<MutationResult> => ({ authority: "none" });
const NOBODY_INVALIDATES = {
  priceChanged: nobodyInvalidates,
  categoryChanged: nobodyInvalidates,
  pricesChanged: nobodyInvalidates,
};
