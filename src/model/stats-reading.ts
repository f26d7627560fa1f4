// Reading a snapshot for metrics: what all adapters that turn statistics into metrics ask of it.

import type { BreakerState } from "./breaker.ts";
import type { CacheStats, SharedTierStats, TierStats } from "./stats.ts";

/** What has statistics: a `TieredCacheManager`. */
export interface CacheWithStats {
  readonly name: string;
  stats(): CacheStats;
}

/** Every tier, with its label. */
export function tiersOf({ tiers }: CacheStats): readonly (readonly [name: string, tier: TierStats])[] {
  return Object.entries(tiers).flatMap(([name, tier]) => (tier === undefined ? [] : [[name, tier] as const]));
}

/** Those outside the process: memory cannot fail, has no breaker, and a hit in it observes nothing. */
export function remoteTiersOf(stats: CacheStats): ReturnType<typeof tiersOf> {
  return tiersOf(stats).filter(([, tier]) => tier !== stats.tiers.memory);
}

/** What the shared tier has not got yet; `undefined` of any other. */
export function pendingOf(tier: TierStats | SharedTierStats): number | undefined {
  return "pending" in tier ? tier.pending : undefined;
}

/** States as metrics write them. */
const STATES: readonly (readonly [BreakerState, string])[] = [
  ["closed", "closed"],
  ["halfOpen", "half_open"],
  ["open", "open"],
];

/** Servers of a tier by the state of their breaker, every state included. */
export function breakersByState({ breakers }: TierStats): readonly (readonly [state: string, servers: number])[] {
  const states = Object.values(breakers);
  return STATES.map(([state, name]) => [name, states.filter((one) => one === state).length]);
}
