// The quiet after the faults: what every process must see then, and agree about.

import { setTimeout as sleepFor } from "node:timers/promises";
import type { CacheHealth } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Checker, Violation } from "./checker.ts";
import type { Entry, Read } from "./entries.ts";
import { LIMITS } from "./limits.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** What is quiet. */
export interface Quiet {
  readonly workers: readonly WorkerProcess[];
  readonly checker: Checker;
  readonly flag: (violation: Violation) => void;
  readonly log: (entry: Entry) => void;
  /** Aborted: enough has been found. */
  readonly signal: AbortSignal;
}

const HEALTHY_WITHIN_MS = 15_000;
const SETTLED_WITHIN_MS = 5_000;

/** When everything is well again: what everybody must see, and agree about. */
export async function settle(quiet: Quiet): Promise<void> {
  const { workers, signal } = quiet;
  // Again, for those that have begun since.
  await Promise.all(workers.map((worker) => worker.ask({ what: "rest" })));
  await Promise.all(workers.map((worker) => becomesHealthy(worker, quiet)));
  const quietMs = LIMITS.replayMs + LIMITS.divergenceMs + LIMITS.boundMs;
  await sleepFor(quietMs, undefined, { signal }).catch(() => undefined);
  await compare(quiet);
  for (const worker of workers) if (!signal.aborted) await converge(worker, quiet);
  await Promise.all(workers.map((worker) => worker.ask({ what: "close" })));
}

async function becomesHealthy(worker: WorkerProcess, { flag }: Quiet): Promise<void> {
  let health: CacheHealth | undefined;
  const isHealthy = async (): Promise<boolean> => {
    health = (await worker.ask({ what: "health" })) as CacheHealth;
    return health.status === "healthy";
  };
  await waitUntil(isHealthy, { deadlineMs: HEALTHY_WITHIN_MS, what: `${worker.name} is healthy` }).catch(() => {
    const text = `${worker.name} is not healthy ${HEALTHY_WITHIN_MS} ms after the last fault: ${JSON.stringify(health)}`;
    flag({ promise: "P11", key: "", text, lines: [] });
  });
}

/** P5: once quiet, what a process serves is what the shared tier holds. That may have lost some of it. */
async function compare({ workers, checker, flag, log }: Quiet): Promise<void> {
  const shared = new Map((await readsOf(workers[0]!, "shared")).map((read) => [read.key, read]));
  for (const worker of workers) {
    for (const read of await readsOf(worker, "peek")) {
      const held = shared.get(read.key);
      log(read);
      if (held?.value === undefined || read.value === undefined || read.lifeMs < Infinity) continue;
      const [one, other] = [JSON.stringify(read.value), JSON.stringify(held.value)];
      if (one === other) continue;
      const text = `${worker.name} serves ${one} for ${read.key}, but the shared tier holds ${other}`;
      flag({ promise: "P5", key: read.key, text, lines: checker.linesOf(read.key) });
    }
  }
}

/** A process sees the newest version of every key, at the latest when stale ones have been refreshed. */
async function converge(worker: WorkerProcess, { checker, flag, log }: Quiet): Promise<void> {
  let left: readonly Violation[] = [];
  const isSettled = async (): Promise<boolean> => {
    const reads = await readsOf(worker, "all");
    for (const read of reads) log(read);
    left = reads.flatMap((read) => checker.judgeSettled(read) ?? []);
    return left.length === 0;
  };
  await waitUntil(isSettled, { deadlineMs: SETTLED_WITHIN_MS, what: `${worker.name} sees all` }).catch(() => {
    for (const violation of left) flag(violation);
  });
}

async function readsOf(worker: WorkerProcess, from: "all" | "peek" | "shared"): Promise<readonly Read[]> {
  const entries = await worker.readAll(from);
  return entries.filter((entry) => entry.kind === "read");
}
