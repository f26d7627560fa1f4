// One run of the shop: a database, one way of getting pages, visitors and back office at work.
import type { MutationResult } from "freshtier";
import { BackOffice } from "./back-office.ts";
import type { CommittedPrice, ProductDatabase } from "./database.ts";
import type { FirstReads } from "./first-reads.ts";
import { PriceWatch, type Verdict } from "./price-watch.ts";
import type { LoadProduct, ProductPages, Served } from "./product-pages.ts";
import { between, pick, seededRandom } from "./random.ts";
import { percentile, replay } from "./replay.ts";

export const PAUSE_MS = [5, 15] as const;

/** Prices that change while the shop is closed, and among how many of its next requests their products are. */
const CHANGES_WHILE_CLOSED = 50;
const AMONG_REQUESTS = 5_000;

export interface RunOptions {
  /** Closed at the end. */
  readonly database: ProductDatabase;
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
  readonly start: Start;
  readonly priceChanges: number;
  readonly sales: number;
  readonly verdict: Verdict;
}

/** What a run has found of the one before. */
export interface Start {
  /** Products in the cache. */
  readonly kept: number;
  /** Prices of which the cache had not been told, and was told before the shop opened. */
  readonly unannounced: number;
  readonly firstReads: FirstReads | undefined;
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { database, requests, seed } = options;
  if (!database.isNew) changePricesWhileClosed(database, requests, seed + 4);
  const watch = new PriceWatch(database.versions());
  const pages = options.openPages(async (id) => {
    const product = await database.product(id);
    watch.queryArrived(product);
    return product;
  });
  const invalidated = ({ authority }: MutationResult, committed: readonly CommittedPrice[]): void => {
    // What is pending dies with the process. So it stays noted as unannounced, for the next one.
    if (authority === "done") database.announced(committed);
    watch.invalidated(committed);
  };
  const backOffice = new BackOffice({
    database,
    requests,
    seed: seed + 2,
    priceChanged: async (id, committed) => invalidated(await pages.priceChanged(id), committed),
    categoryChanged: async (category, committed) => invalidated(await pages.categoryChanged(category), committed),
  });
  const latencies = new Float64Array(requests.length);

  try {
    const kept = await pages.kept();
    const unannounced = database.unannounced();
    if (unannounced.length > 0) {
      invalidated(await pages.pricesChanged(unannounced.map(({ id }) => id)), unannounced);
    }
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
    watch.closes(database.versions());
    return {
      requests: requests.length,
      elapsedMs,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      pageQueries: database.pageQueries,
      served: pages.served(),
      start: { kept, unannounced: unannounced.length, firstReads: pages.firstReads() },
      priceChanges: backOffice.priceChanges,
      sales: backOffice.sales,
      verdict: watch.verdict(),
    };
  } finally {
    await pages.close();
    database.close();
  }
}

/** By somebody who knows nothing of the cache. */
function changePricesWhileClosed(database: ProductDatabase, requests: readonly number[], seed: number): void {
  const random = seededRandom(seed);
  const soon = requests.slice(0, AMONG_REQUESTS);
  for (let change = 0; change < CHANGES_WHILE_CLOSED; change++) {
    database.changePriceNow(pick(random, soon), Math.round(between(random, 90, 112)));
  }
}
