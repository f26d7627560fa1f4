// What verbs resolve to.

/**
 * How far an invalidation or a write has got. `done`: the tier that all processes share has it. `pending`: it could not
 * be reached; the rest happens when it can. `none`: there is no shared tier.
 */
export interface MutationResult {
  readonly authority: "done" | "pending" | "none";
}

/** Result of `delete`. */
export interface DeleteResult extends MutationResult {
  /** Whether there was a fresh or stale entry. */
  readonly existed: boolean;
}

/** Result of `deleteMany` and `deleteMatching`. */
export interface DeleteManyResult extends MutationResult {
  /** How many entries there were. */
  readonly deleted: number;
}

/** Whether a cache, or a tier, does its work. */
export type HealthStatus = "healthy" | "degraded" | "down";

/** Result of `health()`. */
export interface CacheHealth {
  readonly status: HealthStatus;
  readonly tiers: Readonly<Record<string, { readonly status: HealthStatus }>>;
  /** What is wrong, or unusual, in words. */
  readonly reasons: readonly string[];
}
