// What `stats()` says: one snapshot of a cache, of plain data.

import type { BreakerState } from "./breaker.ts";
import type { Instant, Milliseconds } from "./duration.ts";

/** Reads that an entry served at once, by its state. */
export interface HitStats {
  readonly fresh: number;
  readonly stale: number;
  readonly rescue: number;
}

/** How long something took. Percentiles are those of a histogram whose buckets are about a fifth wide. */
export interface LatencyStats {
  /** How many times it was measured. */
  readonly count: number;
  readonly sumMs: Milliseconds;
  /** Half of them took at most this; `undefined` while none was measured. So with the other percentiles. */
  readonly p50Ms: Milliseconds | undefined;
  readonly p95Ms: Milliseconds | undefined;
  readonly p99Ms: Milliseconds | undefined;
  /** How many took at most so long: cumulative, from 0.1 ms to a minute, and last `Infinity`. */
  readonly buckets: readonly LatencyBucket[];
}

/** How many took at most so long. */
export interface LatencyBucket {
  readonly upToMs: Milliseconds;
  readonly count: number;
}

/** What a tier has been asked, and what it holds. What nobody knows without asking it is `undefined`. */
export interface TierStats {
  /** Reads that it served, when the tiers before it could not. */
  readonly hits: HitStats;
  /** Reads that it could not serve either. */
  readonly misses: number;
  /** Entries that were put into it, or written anew. */
  readonly sets: number;
  /** Entries that were taken out of it, by whatever but the lack of room. */
  readonly deletes: number;
  /** Commands that failed or were not answered in time. */
  readonly errors: number;
  /** Of the errors, those that came when the tier's `timeout` was up. */
  readonly timeouts: number;
  /** Commands not sent because the breaker was open. */
  readonly refused: number;
  /** Entries dropped for lack of room. */
  readonly evictions: number | undefined;
  /** Entries held, those included that have expired but were not asked for or cleaned up since. */
  readonly entries: number | undefined;
  /** Most entries it may hold; `Infinity` for no bound. */
  readonly capacity: number | undefined;
  /** Bytes held; of memory estimated, and only with `maxBytes`. */
  readonly bytes: number | undefined;
  readonly maxBytes: number | undefined;
  /** Part of its bounds that is used, of the one that is used most: 0 to 1. */
  readonly utilization: number | undefined;
  /** Of memory: one hit in 4,096, looked up a second time. Of other tiers: every command that was answered. */
  readonly latency: LatencyStats;
  /** State of the breaker of each server, by its label. */
  readonly breakers: Readonly<Record<string, BreakerState>>;
}

/** Statistics of the memory tier. */
export interface MemoryTierStats extends TierStats {
  readonly entries: number;
  readonly capacity: number;
  readonly evictions: number;
  /** When the oldest entry was made, and the youngest; known of up to 10,000 entries. */
  readonly oldestAt: Instant | undefined;
  readonly newestAt: Instant | undefined;
}

/** Statistics of the shared tier. */
export interface SharedTierStats extends TierStats {
  /** Invalidations and writes that it has not got yet. */
  readonly pending: number;
}

/** Statistics of each tier, by its name. The memory tier is called `memory`. */
export interface TierStatsByName {
  readonly memory?: MemoryTierStats;
  readonly [name: string]: MemoryTierStats | SharedTierStats | TierStats | undefined;
}

/** What became of refreshes. */
export interface RefreshStats {
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
  /** Of these, background refreshes that wait for their turn. */
  readonly queued: number;
  /** Refreshes left to another process, which held the lease. */
  readonly denied: number;
  /** Refreshes not made because another process had made them. */
  readonly spared: number;
  /** What single-flight has saved: calls of a refresh that would have been made without it (`joined` and `spared`). */
  readonly saved: number;
  /** How long those took that resolved. */
  readonly time: LatencyStats;
}

/** What became of asking the shared tier for leases. */
export interface LeaseStats {
  readonly granted: number;
  /** Another process held it: see `refreshes.denied`. */
  readonly denied: number;
  /** Granted, and then taken away: by an invalidation, or because this process stood still for too long. */
  readonly lost: number;
  /** The tier did not answer, or was not to be believed: the refresh went ahead without. */
  readonly unavailable: number;
}

/** How this process hears of the others. */
export interface BusStats {
  /** Whether messages of other processes are sure to arrive. */
  readonly live: boolean;
  /** Messages received, those of this process included. */
  readonly messages: number;
  /** How often it was seen that some are missing. */
  readonly gaps: number;
  /** How many those were, as far as that was known. */
  readonly missing: number;
  /** How often being live has ended, for whatever reason. */
  readonly losses: number;
  /** How long the last message took, or the last probe; `undefined` while there was none, or where it is not known. */
  readonly lagMs: Milliseconds | undefined;
}

/** What a namespace has served. */
export interface NamespaceStats {
  readonly hits: number;
  readonly misses: number;
  /** Its entries in memory; known while memory holds up to 10,000. */
  readonly entries: number | undefined;
}

/** What a cache has done since it was made, or since `resetStats()`. Every read of a key is one of `hits` or `misses`. */
export interface CacheStats {
  readonly name: string;
  /** When counting began. */
  readonly since: Instant;
  /** Reads of keys. */
  readonly requests: number;
  /** Reads served at once, by the state of the entry. */
  readonly hits: HitStats;
  /** Reads that had to wait for a refresh, or got nothing. */
  readonly misses: number;
  /** Of the misses, those that got an old value: their refresh failed, or passed `softTimeout`. */
  readonly rescued: number;
  /** Part of the requests served at once, 0 to 1; 0 without requests. */
  readonly hitRate: number;
  readonly sets: number;
  /** Invalidations of keys, tags, namespaces and everything. */
  readonly invalidations: number;
  readonly refreshes: RefreshStats;
  /** Only with a shared tier. */
  readonly leases: LeaseStats | undefined;
  /** Only with a shared tier that has one. */
  readonly bus: BusStats | undefined;
  /** By name, the thousand most used; entries without a namespace are under `""`. One that holds nothing may be forgotten. */
  readonly namespaces: Readonly<Record<string, NamespaceStats>>;
  /** By name, in the order in which they are read. */
  readonly tiers: TierStatsByName;
}
