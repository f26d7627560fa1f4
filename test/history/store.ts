// Opens what the processes share, and says what each fault of a schedule does.

import type { StoreKind } from "./fault-names.ts";
import { faultPlan } from "./fault-plan.ts";
import type { FaultPlan, Store, StoreOptions } from "./fault-plan.ts";
import { openRedis } from "./redis-store.ts";
import type { Step } from "./schedule.ts";
import { openFile } from "./sqlite-store.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Opens one. */
export function openStore(kind: StoreKind, options: StoreOptions): Promise<Store> {
  return kind === "sqlite" ? openFile(options) : openRedis(kind === "cluster", options);
}

/** The process was paused for longer than its tier may take to answer. */
const RESUMED_MS = 2_000;

/** What is to be done for a step of the schedule. */
export function planFault(step: Step, store: Store, workers: readonly WorkerProcess[]): FaultPlan {
  const { fault, worker: place } = step;
  const worker = place === undefined ? undefined : workers[place];
  if (worker === undefined) return store.plan(step);
  if (fault === "stop the process") {
    const plan = faultPlan("cut", RESUMED_MS, async () => {
      worker.signal("SIGSTOP");
      return async () => worker.signal("SIGCONT");
    });
    return store.hasLock ? { ...plan, forAll: "lock" } : plan;
  }
  // Who comes in its place knows nothing, so nothing excuses it.
  if (fault === "kill the process") {
    return faultPlan("slow", 0, async () => {
      await worker.kill();
      return () => worker.start();
    });
  }
  return store.plan(step);
}
