// The demo: replays a real shop's requests without and with the cache while prices change underneath.
import { inventProducts } from "./shop/catalogue.ts";
import { HELP, parseOptions, type ShopOptions } from "./shop/options.ts";
import { CACHE_ENTRIES, pagesFromCache, pagesFromDatabase, withoutInvalidation } from "./shop/product-pages.ts";
import { count, printComparison, printVerdict } from "./shop/report.ts";
import { CONNECTIONS, PAUSE_MS, QUERY_MS, run } from "./shop/run.ts";
import { openTerminal, type Terminal } from "./shop/terminal.ts";
import { readTrace, type Trace } from "./shop/trace.ts";

async function demo(terminal: Terminal, trace: Trace, options: ShopOptions): Promise<number> {
  const requests = trace.requests.slice(0, options.requests);
  const products = inventProducts(trace.products, options.seed);
  printScene(terminal, trace, options);

  const shared = { products, visitors: options.visitors, seed: options.seed };
  const plain = await run({
    ...shared,
    requests: requests.slice(0, options.baselineRequests),
    openPages: pagesFromDatabase,
    onProgress: (done) => terminal.progress("without cache ", done, options.baselineRequests),
  });
  const cached = await run({
    ...shared,
    requests,
    openPages: (load) => (options.sabotage ? withoutInvalidation(pagesFromCache(load)) : pagesFromCache(load)),
    onProgress: (done) => terminal.progress("with freshtier", done, requests.length),
  });

  terminal.line();
  printComparison(terminal, plain, cached);
  terminal.line();
  printVerdict(terminal, cached);
  printEnd(terminal, options);
  return cached.verdict.violations.length > 0 ? 1 : 0;
}

function printScene({ paint, line }: Terminal, { products }: Trace, options: ShopOptions): void {
  const { requests, baselineRequests, visitors, seed, sabotage } = options;
  line();
  line(paint("bold", "  freshtier: December in an online shop"));
  line();
  line(`  ${count(requests)} requests for product pages, as a real shop got them in December 2013, in their order.`);
  line(`  ${visitors} visitors at a time; what took them minutes takes ${PAUSE_MS.join(" to ")} ms here.`);
  line(
    `  ${count(products)} products in SQLite behind ${CONNECTIONS} connections; ${QUERY_MS.join(" to ")} ms are added to each query`,
  );
  line(`  and stand for network and a busy database. The cache has room for ${count(CACHE_ENTRIES)} products.`);
  if (baselineRequests < requests) {
    line(`  Without the cache the first ${count(baselineRequests)} requests are enough to know how fast it is.`);
  }
  if (sabotage) line(paint("red", "  Sabotage: prices change, but nobody invalidates them. The check must notice."));
  line(paint("dim", `  Seed ${seed}.`));
  line();
}

function printEnd({ paint, line }: Terminal, { sabotage }: ShopOptions): void {
  const hint = sabotage
    ? "Expected: the cache was never told about the new prices. So the check can fail."
    : "Can this check fail at all? Try: npm run demo -- --sabotage";
  line(paint("dim", `    ${hint}`));
  line();
}

const trace = readTrace();
const options = parseOptions(process.argv.slice(2), trace.requests.length);

if (typeof options === "string") {
  console.error(`${options}\nTry --help.`);
  process.exitCode = 2;
} else if (options.help) {
  process.stdout.write(HELP);
} else {
  // Ctrl-C ends it in order, so that the database's files are removed.
  process.once("SIGINT", () => process.exit(130));
  process.exitCode = await demo(openTerminal(process.stdout, process.env), trace, options);
}
