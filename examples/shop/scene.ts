// What the demo says before and after: what is about to be seen, and how to see the check fail.
import type { ShopOptions } from "./options.ts";
import { count } from "./report.ts";
import { CONNECTIONS, QUERY_MS } from "./open-database.ts";
import type { Terminal } from "./terminal.ts";
import type { Trace } from "./trace.ts";

/** The rest of the sentence about the database, and what follows it, are the caller's. */
export function printScene(
  { paint, line }: Terminal,
  { products }: Trace,
  options: ShopOptions,
  pauseMs: readonly [shortest: number, longest: number],
  cacheLines: readonly string[],
): void {
  const { requests, baselineRequests, visitors, seed, sabotage } = options;
  const [first = "", ...others] = cacheLines;
  line();
  line(paint("bold", "  freshtier: December in an online shop"));
  line();
  line(`  ${count(requests)} requests for product pages, as a real shop got them in December 2013, in their order.`);
  line(`  ${visitors} visitors at a time; what took them minutes takes ${pauseMs.join(" to ")} ms here.`);
  line(
    `  ${count(products)} products in SQLite behind ${CONNECTIONS} connections; ${QUERY_MS.join(" to ")} ms are added to each query`,
  );
  line(`  and stand for network and a busy database. ${first}`.trimEnd());
  for (const text of others) line(`  ${text}`);
  if (baselineRequests < requests) {
    line(`  Without the cache the first ${count(baselineRequests)} requests are enough to know how fast it is.`);
  }
  if (sabotage) line(paint("red", "  Sabotage: prices change, but nobody invalidates them. The check must notice."));
  line(paint("dim", `  Seed ${seed}.`));
  line();
}

export function printEnd({ paint, line }: Terminal, { sabotage, processes }: ShopOptions): void {
  const options = `${processes === undefined ? "" : `--processes ${processes} `}--sabotage`;
  const hint = sabotage
    ? "Expected: the cache was never told about the new prices. So the check can fail."
    : `Can this check fail at all? Try: npm run demo -- ${options}`;
  line(paint("dim", `    ${hint}`));
  line();
}
