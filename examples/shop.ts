// The demo: replays a real shop's requests without and with the cache while prices change underneath.
import { inventProducts } from "./shop/catalogue.ts";
import { HELP, parseOptions, type ShopOptions } from "./shop/options.ts";
import { CACHE_ENTRIES, openCache, pagesFromCache, pagesFromDatabase } from "./shop/product-pages.ts";
import { withoutInvalidation } from "./shop/product-pages.ts";
import { demoOnProcesses } from "./shop/processes/demo.ts";
import { NoRedisError } from "./shop/processes/find-server.ts";
import { printComparison, printVerdict } from "./shop/report.ts";
import { PAUSE_MS, run } from "./shop/run.ts";
import { printEnd, printScene } from "./shop/scene.ts";
import { openTerminal, type Terminal } from "./shop/terminal.ts";
import { readTrace, type Trace } from "./shop/trace.ts";

/** Resolves to the exit code. */
async function demo(terminal: Terminal, trace: Trace, options: ShopOptions): Promise<number> {
  const requests = trace.requests.slice(0, options.requests);
  const products = inventProducts(trace.products, options.seed);
  printScene(terminal, trace, options, PAUSE_MS, [
    `The cache has room for ${CACHE_ENTRIES.toLocaleString("en")} products.`,
  ]);

  const shared = { products, visitors: options.visitors, pauseMs: PAUSE_MS, seed: options.seed };
  const plain = await run({
    ...shared,
    requests: requests.slice(0, options.baselineRequests),
    openPages: pagesFromDatabase,
    onProgress: (done) => terminal.progress("without cache ", done, options.baselineRequests),
  });
  const cached = await run({
    ...shared,
    requests,
    openPages: (load) => {
      const pages = pagesFromCache(openCache(), load);
      return options.sabotage ? withoutInvalidation(pages) : pages;
    },
    onProgress: (done) => terminal.progress("with freshtier", done, requests.length),
  });

  terminal.line();
  printComparison(terminal, plain, cached);
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
  if (options.processes === undefined) return demo(terminal, trace, options);
  try {
    return await demoOnProcesses(terminal, trace, { ...options, processes: options.processes });
  } catch (error) {
    if (error instanceof NoRedisError) return refuse(error.message);
    throw error;
  }
}

function refuse(why: string): number {
  console.error(`${why}\nTry --help.`);
  return 2;
}

process.exitCode = await main();
