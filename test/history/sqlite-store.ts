// A SQLite file in a directory of its own, and what can happen to it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileFault } from "./fault-names.ts";
import { faultPlan } from "./fault-plan.ts";
import type { FaultPlan, Store, StoreOptions } from "./fault-plan.ts";
import { LIMITS, TIMEOUT_MS } from "./limits.ts";
import type { Step } from "./schedule.ts";
import { Vandal } from "./vandal.ts";

/** A write may be given up at once, but is tried again a quarter of a second later. */
const UNLOCKED_MS = 1_000;
/** The file is looked at ten times a second; then another is opened, by one after the other, and what is recent done again. */
const REOPENED_MS = 500;

/** Makes the directory; the file is for the first worker to make. */
export async function openFile({ vandalFile }: StoreOptions): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "freshtier-history-"));
  const path = join(folder, "cache.db");
  const vandal = await Vandal.start(vandalFile, path).catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    throw error;
  });
  const options = { path, timeout: TIMEOUT_MS, divergenceLimit: LIMITS.divergenceMs };
  return {
    hasLock: true,
    tierOf: () => ({ name: "sqlite", options }),
    plan: (step) => planFileFault(step, vandal),
    // A file is never late; its lock is what processes hold, and the faults say when.
    watch: () => () => undefined,
    stop: async () => {
      await vandal.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function planFileFault({ fault, choice }: Step, vandal: Vandal): FaultPlan {
  const name = fault as FileFault;
  if (name === "lock" || name === "exclusive lock") {
    return faultPlan("lock", UNLOCKED_MS, async () => {
      await vandal.do({ what: "lock", mode: name === "lock" ? "IMMEDIATE" : "EXCLUSIVE" });
      return () => vandal.do({ what: "release" });
    });
  }
  if (name === "checkpoint")
    return faultPlan(
      "slow",
      0,
      done(() => vandal.do({ what: "checkpoint" })),
    );
  // What is lost costs misses, and excuses nobody but for as long as it takes to find the other file.
  return faultPlan(
    "slow",
    0,
    done(() => vandal.do({ what: "harm", harm: name, choice })),
    REOPENED_MS,
  );
}

/** Over as soon as it has happened. */
function done(work: () => Promise<void>): FaultPlan["begin"] {
  return async () => {
    await work();
    return () => Promise.resolve();
  };
}
