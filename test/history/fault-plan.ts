// What a fault means for the processes that it reaches, and how it is brought about.

import type { FaultEffect, Instant } from "./entries.ts";
import type { TierChoice } from "./protocol.ts";
import type { Step } from "./schedule.ts";

/** What a fault means for the processes that it reaches, and how it is brought about. */
export interface FaultPlan {
  readonly effect: FaultEffect;
  readonly recoveryMs: number;
  readonly extraMs: number;
  /** What it means besides, for all of them. */
  readonly forAll?: FaultEffect;
  /** Resolves with the undo once the fault is there. */
  readonly begin: () => Promise<() => Promise<void>>;
}

/** An authority in use. */
export interface Store {
  /** Whether a process that is stopped may keep the others from writing. */
  readonly hasLock: boolean;
  /** The shared tier of a worker. */
  tierOf(worker: number): TierChoice;
  /** What is to be done for a step of the schedule that is not about a process. */
  plan(step: Step): FaultPlan;
  /** Reports every stretch of time in which nobody could be served. Returns what ends it. */
  watch(report: (from: Instant, to: Instant) => void): () => void;
  stop(): Promise<void>;
}

/** What a store is opened for. */
export interface StoreOptions {
  readonly seed: number;
  readonly workers: number;
  /** The program of the process that harms a file. */
  readonly vandalFile: string;
}

/** A plan. */
export function faultPlan(effect: FaultEffect, recoveryMs: number, begin: FaultPlan["begin"], extraMs = 0): FaultPlan {
  return { effect, recoveryMs, begin, extraMs };
}
