// What can be said about the memory tier, and the tag that makes it one of `tiers`.

import type { Duration } from "../model/duration.ts";

/**
 * What callers may do to a cached object. `"shared"`: everybody gets the same live object; nobody should change it.
 * `"freeze"`: the same object, deeply frozen when it is stored. `"clone"`: everybody gets a copy of their own.
 */
export type Isolation = "shared" | "freeze" | "clone";

/** Options of the memory tier. */
export interface MemoryTierOptions {
  /** `false` leaves the tier out. Default `true`. */
  readonly enabled?: boolean | undefined;
  /** Most entries it holds; the least recently used goes first. Default 1000. */
  readonly maxEntries?: number | undefined;
  /** Most bytes its keys and values may take, as estimated by `sizeOf`. Default: no such bound. */
  readonly maxBytes?: number | undefined;
  /**
   * Bytes of a value; only asked with `maxBytes`. A value for which it throws, or answers with no number, is not kept.
   * Default: an estimate of the live object graph.
   */
  readonly sizeOf?: ((value: unknown, key: string) => number) | undefined;
  /** Entries are gone at this age, whatever their `ttl`. Default `"forever"`. */
  readonly maxAge?: Duration | undefined;
  /** What callers may do to a cached object. Default `"shared"`. */
  readonly isolation?: Isolation | undefined;
}

/** The memory tier as an element of `tiers`. */
export interface MemoryTierConfig {
  readonly kind: "memory";
  readonly options: MemoryTierOptions;
}

/**
 * The tier that holds live values in this process: the fastest, and the first to ask. It evicts the least recently
 * used entry. There is no mode without that bound and there are no shards: a thread has no lock to split.
 * @param options checked when the cache is made
 */
export function memoryTier(options: MemoryTierOptions = {}): MemoryTierConfig {
  return Object.freeze({ kind: "memory", options });
}
