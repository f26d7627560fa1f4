// One run of the shop: fresh database, one way of getting pages, visitors and back office at work.
import { BackOffice } from "./back-office.ts";
import type { Product } from "./catalogue.ts";
import { ProductDatabase } from "./database.ts";
import { PriceWatch, type Verdict } from "./price-watch.ts";
import type { LoadProduct, ProductPages, Served } from "./product-pages.ts";
import { seededRandom } from "./random.ts";
import { percentile, replay } from "./replay.ts";

export const CONNECTIONS = 10;
export const QUERY_MS = [2, 6] as const;
export const PAUSE_MS = [5, 15] as const;

export interface RunOptions {
  readonly products: readonly Product[];
  readonly requests: readonly number[];
  readonly visitors: number;
  readonly pauseMs: readonly [shortest: number, longest: number];
  readonly seed: number;
  readonly openPages: (load: LoadProduct) => ProductPages;
  readonly onProgress: (done: number) => void;
}

export interface RunResult {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly pageQueries: number;
  readonly served: Served | undefined;
  readonly priceChanges: number;
  readonly sales: number;
  readonly verdict: Verdict;
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { products, requests, seed } = options;
  const database = openDatabase(products, seed);
  const watch = new PriceWatch(products.length);
  const pages = options.openPages(async (id) => {
    const product = await database.product(id);
    watch.queryArrived(product);
    return product;
  });
  const backOffice = new BackOffice({
    database,
    requests,
    seed: seed + 2,
    priceChanged: async (id, committed) => {
      await pages.priceChanged(id);
      watch.invalidated(committed);
    },
    categoryChanged: async (category, committed) => {
      await pages.categoryChanged(category);
      watch.invalidated(committed);
    },
  });
  const latencies = new Float64Array(requests.length);

  try {
    const elapsedMs = await replay({
      requests,
      visitors: options.visitors,
      pauseMs: options.pauseMs,
      seed: seed + 3,
      onRequest: (position) => {
        options.onProgress(position + 1);
        backOffice.onRequest(position);
      },
      serve: async (id, position) => {
        const expected = watch.requestBegins(id);
        const beganAt = performance.now();
        const page = await pages.product(id);
        latencies[position] = performance.now() - beganAt;
        watch.requestEnds(expected, page);
      },
    });
    await backOffice.finish();
    latencies.sort();
    return {
      requests: requests.length,
      elapsedMs,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      pageQueries: database.pageQueries,
      served: pages.served(),
      priceChanges: backOffice.priceChanges,
      sales: backOffice.sales,
      verdict: watch.verdict(),
    };
  } finally {
    await pages.close();
    database.close();
  }
}

export function openDatabase(products: readonly Product[], seed: number): ProductDatabase {
  return new ProductDatabase(products, {
    connections: CONNECTIONS,
    queryMs: QUERY_MS,
    random: seededRandom(seed + 1),
  });
}
