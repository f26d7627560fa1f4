// Statistics: the counters the engine keeps, and the snapshot made of them.

import type { BreakerState } from "../model/breaker.ts";
import type { Instant } from "../model/duration.ts";

/** What happened at the shared tier. */
export class TierCounters {
  hits = 0;
  misses = 0;
  errors = 0;
  refused = 0;
}

/** Plain numbers, so that counting costs next to nothing. */
export class Counters {
  readonly since: Instant;
  readonly shared: TierCounters = new TierCounters();
  leasesDenied = 0;
  servedByOthers = 0;
  freshHits = 0;
  staleHits = 0;
  rescueHits = 0;
  misses = 0;
  rescued = 0;
  sets = 0;
  invalidations = 0;
  evictions = 0;
  foregroundRefreshes = 0;
  backgroundRefreshes = 0;
  failedRefreshes = 0;
  joined = 0;
  backedOff = 0;
  refusedRefreshes = 0;
  fillsRejected = 0;

  constructor(since: Instant) {
    this.since = since;
  }
}

/** What the memory tier holds. */
export interface MemoryTierStats {
  /** Entries held, those included that have expired but were not asked for or cleaned up since. */
  readonly entries: number;
  /** Most entries it may hold. */
  readonly capacity: number;
  /** Estimated bytes; only with `maxBytes`. */
  readonly bytes: number | undefined;
  /** Entries dropped for lack of room. */
  readonly evictions: number;
}

/** What has been asked of a tier outside the process. */
export interface CopyTierStats {
  /** Reads that the tiers before it could not answer and this one could. */
  readonly hits: number;
  readonly misses: number;
  /** Commands that failed or were not answered in time. */
  readonly errors: number;
  /** Commands not sent because the breaker was open. */
  readonly refused: number;
  /** State of the breaker of each server. */
  readonly breakers: Readonly<Record<string, BreakerState>>;
}

/** The same of the shared tier, and how it stands with the other processes. */
export interface SharedTierStats extends CopyTierStats {
  /** Whether messages of other processes are sure to arrive. */
  readonly busLive: boolean;
  /** Invalidations and writes that it has not got yet. */
  readonly pending: number;
}

/** What a cache has done since it was made. Every read of a key is one of `hits` or `misses`. */
export interface CacheStats {
  readonly name: string;
  /** When counting began. */
  readonly since: Instant;
  /** Reads of keys. */
  readonly requests: number;
  /** Reads served at once, by the state of the entry. */
  readonly hits: { readonly fresh: number; readonly stale: number; readonly rescue: number };
  /** Reads that had to wait for a refresh, or got nothing. */
  readonly misses: number;
  /** Of the misses, those that got an old value: their refresh failed, or passed `softTimeout`. */
  readonly rescued: number;
  /** Part of the requests served at once, 0 to 1; 0 without requests. */
  readonly hitRate: number;
  readonly sets: number;
  /** Invalidations of keys, tags, namespaces and everything. */
  readonly invalidations: number;
  readonly refreshes: {
    /** Calls of a refresh with callers waiting. */
    readonly foreground: number;
    /** Calls of a refresh behind a value already served. */
    readonly background: number;
    readonly failed: number;
    /** Callers that joined a running refresh instead of starting one. */
    readonly joined: number;
    /** Reads served an old value because its last refresh failed a moment ago. */
    readonly backedOff: number;
    /** Background refreshes not begun because the queue was full. */
    readonly refused: number;
    /** Results not stored because an invalidation had overtaken them. */
    readonly fenced: number;
    /** Keys being refreshed now, waiting ones included. */
    readonly inFlight: number;
    /** Refreshes left to another process, which held the lease. */
    readonly denied: number;
    /** Refreshes not made because another process had made them. */
    readonly spared: number;
  };
  /** By name; the memory tier is called `memory`. */
  readonly tiers: TierStatsByName;
}

/** Statistics of each tier, by its name. */
export interface TierStatsByName {
  readonly memory?: MemoryTierStats;
  readonly [name: string]: TierStats | undefined;
}

/** What one tier holds, or was asked. */
export type TierStats = MemoryTierStats | SharedTierStats | CopyTierStats;

/** The snapshot of a cache. */
export function snapshot(name: string, counters: Counters, inFlight: number, tiers: TierStatsByName): CacheStats {
  const { freshHits, staleHits, rescueHits, misses } = counters;
  const served = freshHits + staleHits + rescueHits;
  const requests = served + misses;
  return {
    name,
    since: counters.since,
    requests,
    hits: { fresh: freshHits, stale: staleHits, rescue: rescueHits },
    misses,
    rescued: counters.rescued,
    hitRate: requests === 0 ? 0 : served / requests,
    sets: counters.sets,
    invalidations: counters.invalidations,
    refreshes: {
      foreground: counters.foregroundRefreshes,
      background: counters.backgroundRefreshes,
      failed: counters.failedRefreshes,
      joined: counters.joined,
      backedOff: counters.backedOff,
      refused: counters.refusedRefreshes,
      fenced: counters.fillsRejected,
      inFlight,
      denied: counters.leasesDenied,
      spared: counters.servedByOthers,
    },
    tiers,
  };
}
