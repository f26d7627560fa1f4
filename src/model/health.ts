// What `health()` says.

import type { Milliseconds } from "./duration.ts";

/** Whether a cache, or a tier, does its work. */
export type HealthStatus = "healthy" | "degraded" | "down";

/** How one tier is. */
export interface TierHealth {
  readonly status: HealthStatus;
  /** How long a shared tier took to answer just now; absent when it did not. */
  readonly latencyMs?: Milliseconds;
}

/** Result of `health()`. A cache whose shared tier is away still works, each process for itself: `degraded`. */
export interface CacheHealth {
  readonly status: HealthStatus;
  readonly tiers: Readonly<Record<string, TierHealth>>;
  /** What is wrong, or unusual, in words. */
  readonly reasons: readonly string[];
}
