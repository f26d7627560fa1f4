// The demo with several processes: finds or starts their Redis, runs the shop without and with the cache, reports.
import { inventProducts } from "../catalogue.ts";
import type { ShopOptions } from "../options.ts";
import { openOwnDatabase } from "../open-database.ts";
import { CACHE_ENTRIES, pagesFromDatabase } from "../product-pages.ts";
import { count } from "../report.ts";
import { PAUSE_MS, run } from "../run.ts";
import { printEnd, printScene } from "../scene.ts";
import type { Terminal } from "../terminal.ts";
import type { Trace } from "../trace.ts";
import { NoRedisError } from "./find-server.ts";
import { OwnRedis } from "./own-redis.ts";
import { ping } from "./redis-access.ts";
import { printSharedComparison, printSharedVerdict } from "./report.ts";
import { runShared } from "./run.ts";

type Options = ShopOptions & { readonly processes: number };
type Pause = readonly [shortest: number, longest: number];

/** A shorter run leaves no time for what goes wrong, and for all to be well again. */
const SHORTEST_RUN_MS = 6_000;

/** Resolves to the exit code. Throws a {@link NoRedisError} if there is no Redis. */
export async function demoOnProcesses(terminal: Terminal, trace: Trace, options: Options): Promise<number> {
  const { redis: url } = options;
  if (url !== undefined) {
    const failure = await ping(url);
    if (failure !== undefined) throw new NoRedisError(`--redis does not answer: ${failure}`);
    return runAndReport(terminal, trace, options, url, undefined);
  }
  const ownRedis = await OwnRedis.start(process.env);
  try {
    return await runAndReport(terminal, trace, options, ownRedis.url, ownRedis);
  } finally {
    await ownRedis.stop();
  }
}

async function runAndReport(
  terminal: Terminal,
  trace: Trace,
  options: Options,
  url: string,
  ownRedis: OwnRedis | undefined,
): Promise<number> {
  const requests = trace.requests.slice(0, options.requests);
  const pauseMs = paceOf(options);
  printScene(terminal, trace, options, pauseMs, [
    "",
    `${options.processes} processes share one Redis; the memory of each has room for ${count(CACHE_ENTRIES)} products.`,
    ownRedis === undefined
      ? "It is the Redis you named: nothing is killed, and no key of the demo stays in it."
      : "Midway one process is killed, and later that Redis is killed and comes back empty.",
  ]);

  const shared = { products: inventProducts(trace.products, options.seed), ...options, pauseMs };
  const plain = await run({
    ...shared,
    database: openOwnDatabase(shared.products, options.seed),
    requests: requests.slice(0, options.baselineRequests),
    openPages: pagesFromDatabase,
    onProgress: (done) => terminal.progress("without cache ", done, options.baselineRequests),
  });
  const cached = await runShared({
    ...shared,
    requests,
    url,
    ownRedis,
    onProgress: (done) => terminal.progress("with freshtier", done, requests.length),
    onIncident: (atMs, mark, text) => terminal.line(incidentLine(terminal, atMs, mark, text)),
  });

  terminal.line();
  printSharedComparison(terminal, plain, cached);
  terminal.line();
  printSharedVerdict(terminal, cached);
  printEnd(terminal, options);
  const { verdict, undelivered, notBack } = cached;
  return verdict.violations.length + undelivered + notBack.length > 0 ? 1 : 0;
}

function incidentLine({ paint }: Terminal, atMs: number, mark: string, text: string): string {
  const colour = mark === "✂" ? "red" : mark === "✔" ? "green" : "dim";
  return `  ${paint("dim", `${(atMs / 1000).toFixed(1).padStart(5)} s`)}  ${paint(colour, mark)} ${text}`;
}

/** Few requests come more slowly. */
function paceOf({ requests, visitors }: Options): Pause {
  const perVisitor = Math.ceil(requests / visitors);
  const [shortest, longest] = PAUSE_MS;
  const factor = Math.max(1, SHORTEST_RUN_MS / (perVisitor * ((shortest + longest) / 2)));
  return [Math.round(shortest * factor), Math.round(longest * factor)];
}
