// The demo: replays a real shop's requests without and with the cache while prices change underneath.
import { inventProducts } from "./shop/catalogue.ts";
import { HELP, parseOptions, type ShopOptions } from "./shop/options.ts";
import { forgetUnused, openKeptDatabase, openOwnDatabase, PlaceError } from "./shop/open-database.ts";
import { placeOf } from "./shop/place.ts";
import { CACHE_ENTRIES, openCache, pagesFromCache, pagesFromDatabase } from "./shop/product-pages.ts";
import { withoutInvalidation } from "./shop/product-pages.ts";
import { demoOnProcesses } from "./shop/processes/demo.ts";
import { NoRedisError } from "./shop/processes/find-server.ts";
import { printComparison, printStart, printVerdict } from "./shop/report.ts";
import { PAUSE_MS, run } from "./shop/run.ts";
import { printEnd, printScene } from "./shop/scene.ts";
import { openTerminal, type Terminal } from "./shop/terminal.ts";
import { readTrace, type Trace } from "./shop/trace.ts";

/** Resolves to the exit code. */
async function demo(terminal: Terminal, trace: Trace, options: ShopOptions): Promise<number> {
  const requests = trace.requests.slice(0, options.requests);
  const products = inventProducts(trace.products, options.seed);
  const place = placeOf(options.seed, options.directory);
  if (options.fresh) forgetUnused(place, products, options.seed);
  // Held from here on: a second demo is told so at once, and not after the first half.
  const database = openKeptDatabase(place, products, options.seed);
  printScene(terminal, trace, options, PAUSE_MS, [
    "",
    `The cache has room for ${CACHE_ENTRIES.toLocaleString("en")} products in memory, and for all in a SQLite file that is kept.`,
  ]);

  const shared = { visitors: options.visitors, pauseMs: PAUSE_MS, seed: options.seed };
  const plain = await run({
    ...shared,
    database: openOwnDatabase(products, options.seed),
    requests: requests.slice(0, options.baselineRequests),
    openPages: pagesFromDatabase,
    onProgress: (done) => terminal.progress("without cache ", done, options.baselineRequests),
  });
  const cached = await run({
    ...shared,
    database,
    requests,
    openPages: (load) => {
      const pages = pagesFromCache(openCache(place.cache, database.identity), load);
      return options.sabotage ? withoutInvalidation(pages) : pages;
    },
    onProgress: (done) => terminal.progress("with freshtier", done, requests.length),
  });

  terminal.line();
  printComparison(terminal, plain, cached);
  terminal.line();
  printStart(terminal, cached);
  terminal.line();
  printVerdict(terminal, cached);
  printEnd(terminal, options);
  return cached.verdict.violations.length > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const trace = readTrace();
  const options = parseOptions(process.argv.slice(2), trace.requests.length);
  if (typeof options === "string") return refuse(options);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  // These end it in order, so that files are removed, and with them a Redis of its own and all other processes.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  process.once("SIGHUP", () => process.exit(129));
  const terminal = openTerminal(process.stdout, process.env);
  try {
    if (options.processes === undefined) return await demo(terminal, trace, options);
    return await demoOnProcesses(terminal, trace, { ...options, processes: options.processes });
  } catch (error) {
    if (error instanceof NoRedisError || error instanceof PlaceError) return refuse(error.message);
    throw error;
  }
}

function refuse(why: string): number {
  console.error(`${why}\nTry --help.`);
  return 2;
}

process.exitCode = await main();
