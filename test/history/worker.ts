// A worker process: a cache of its own on what all share, at work until it is told to rest, or killed.

import { assertNever } from "../../src/errors.ts";
import type * as freshtier from "../../src/index.ts";
import type * as redis from "../../src/redis/index.ts";
import type * as sqlite from "../../src/sqlite/index.ts";
import { DatabaseClient } from "./database-client.ts";
import { watchPauses } from "./pauses.ts";
import type { FromWorker, Question, Row, ToWorker, WorkerConfig } from "./protocol.ts";
import { Work } from "./work.ts";

const REPORT_EVERY_MS = 40;

interface Running {
  readonly cache: freshtier.TieredCacheManager;
  readonly work: Work;
}

const database = new DatabaseClient((requests) => tell({ kind: "database", requests }));
let rows: Row[] = [];
let running: Running | undefined;

process.on("message", (message: ToWorker) => {
  if (message.kind === "database") database.answer(message.answers);
  else if (message.kind === "config") void start(message.config);
  else void answer(message.id, message.question);
});
// Without a coordinator there is nothing to do.
process.on("disconnect", () => process.exit(0));

async function start(config: WorkerConfig): Promise<void> {
  const { TieredCacheManager, memoryTier } = (await import(config.cacheUrl)) as typeof freshtier;
  const shared = await sharedTier(config);
  const cache = new TieredCacheManager({
    name: "history",
    tiers: [memoryTier({ maxEntries: config.maxEntries }), shared],
  });
  const work = new Work({ cache, database, config, log: (row) => void rows.push(row) });
  running = { cache, work };
  watchPauses((from, to) => rows.push(["pause", from, to]));
  setInterval(report, REPORT_EVERY_MS);
  tell({ kind: "ready" });
  work.start();
}

async function sharedTier({ tier: { name, options }, tierUrl }: WorkerConfig): Promise<freshtier.RemoteTierConfig> {
  const module: unknown = await import(tierUrl);
  return name === "redis" ? (module as typeof redis).redisTier(options) : (module as typeof sqlite).sqliteTier(options);
}

async function answer(id: number, question: Question): Promise<void> {
  try {
    if (running === undefined) throw new Error("it has not started");
    const result = await reply(running, question);
    // What is answered comes after what is logged.
    report();
    tell({ kind: "answer", id, answer: result });
  } catch (error) {
    tell({ kind: "answer", id, answer: undefined, error: error instanceof Error ? `${error.stack}` : String(error) });
  }
}

function reply({ cache, work }: Running, question: Question): Promise<unknown> {
  switch (question.what) {
    case "rest":
      return work.rest();
    case "read all":
      return work.readAll(question.from);
    case "health":
      return cache.health();
    case "close":
      return cache.close();
    default:
      return assertNever(question);
  }
}

function report(): void {
  if (rows.length === 0) return;
  tell({ kind: "rows", rows });
  rows = [];
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, () => undefined);
}
