// What `health()` says, and what it can be asked to warn of.

import type { BreakerState } from "./breaker.ts";
import { checkNumber, checkObject } from "./check.ts";
import type { Milliseconds } from "./duration.ts";

/** Whether a cache, or a tier, does its work. */
export type HealthStatus = "healthy" | "degraded" | "down";

/** How one tier is. */
export interface TierHealth {
  readonly status: HealthStatus;
  /** How long a tier outside the process took to answer just now; absent when it did not. */
  readonly latencyMs?: Milliseconds;
  /** State of the breaker of each of its servers; absent of memory. */
  readonly breakers?: Readonly<Record<string, BreakerState>>;
  /** Invalidations and writes that the shared tier has not got yet; absent of others. */
  readonly pending?: number;
}

/** Result of `health()`. A cache whose shared tier is away still works, each process for itself: `degraded`. */
export interface CacheHealth {
  readonly status: HealthStatus;
  readonly tiers: Readonly<Record<string, TierHealth>>;
  /** Whether messages of other processes are sure to arrive; absent where there is no bus. */
  readonly busLive?: boolean;
  /** What is wrong, or unusual, in words. */
  readonly reasons: readonly string[];
}

/** What is worth a reason, though nothing is wrong: `status` stays as it is. */
export interface HealthWarnings {
  /** Part of a tier's bounds that may be used, 0 to 1. */
  readonly utilization?: number | undefined;
  /** Least hit rate, 0 to 1. Asked from a hundred requests on. */
  readonly hitRate?: number | undefined;
}

/** Options of `health()`. */
export interface HealthOptions {
  readonly warn?: HealthWarnings | undefined;
}

/** What to warn of. @throws CacheError `invalid_option` */
export function checkHealthOptions(options: HealthOptions): HealthWarnings {
  checkObject<HealthOptions>(options, ["warn"], "options");
  const { warn = {} } = options;
  checkObject<HealthWarnings>(warn, ["utilization", "hitRate"], "options.warn");
  const { utilization, hitRate } = warn;
  checkNumber(utilization, 1, 0, "options.warn.utilization");
  checkNumber(hitRate, 1, 0, "options.warn.hitRate");
  return warn;
}
