// What users can say when they make a cache, and every default in one object.

import type { StandardSchema } from "./contracts/standard-schema.ts";
import type { Clock } from "./contracts/clock.ts";
import type { RemoteTierConfig } from "./contracts/remote.ts";
import type { Tracing } from "./contracts/tracer.ts";
import type { Isolation, MemoryTierConfig } from "./memory/options.ts";
import type { LifetimeOptions, RefreshOptions } from "./model/call-options.ts";
import type { Duration, Milliseconds } from "./model/duration.ts";
import type { Logger, LogLevel } from "./model/log.ts";
import type { CodecOption } from "./model/payload-options.ts";

/** Defaults of the options of the same names. Durations in milliseconds. */
export interface CacheDefaults {
  readonly name: string;
  readonly enabled: boolean;
  readonly ttl: Milliseconds;
  readonly staleWhileRevalidate: Milliseconds;
  readonly staleIfError: Milliseconds;
  readonly jitter: number;
  readonly earlyRefresh: number;
  readonly backgroundRefresh: boolean;
  readonly refreshConcurrency: number;
  readonly refreshQueue: number;
  readonly refreshTimeout: Milliseconds;
  readonly maxKeyLength: number;
  readonly trackAccess: boolean;
  readonly enableStats: boolean;
  readonly closeTimeout: Milliseconds;
  readonly maxEntries: number;
  readonly isolation: Isolation;
  readonly logLevel: LogLevel;
}

/** Every default there is. */
export const DEFAULTS: CacheDefaults = Object.freeze({
  name: "default",
  enabled: true,
  ttl: 300_000,
  staleWhileRevalidate: 60_000,
  staleIfError: 0,
  jitter: 0,
  earlyRefresh: 0,
  backgroundRefresh: true,
  refreshConcurrency: 16,
  refreshQueue: 1_000,
  refreshTimeout: 60_000,
  maxKeyLength: 512,
  trackAccess: false,
  enableStats: true,
  closeTimeout: 5_000,
  maxEntries: 1_000,
  isolation: "shared",
  logLevel: "info",
});

/** Options of `close`. */
export interface CloseOptions {
  /** How long running refreshes may still take before they are aborted. Default 5 s. */
  readonly timeout?: Duration | undefined;
}

/** Defaults of a namespace view, used by its calls. */
export interface NamespaceOptions<T = unknown> extends LifetimeOptions<T>, RefreshOptions {
  readonly tags?: readonly string[] | undefined;
  readonly maxAge?: Duration | undefined;
}

/** What decides whether a value may be cached: a Standard Schema, or a function that returns `false` or throws. */
export type Validator = StandardSchema | ((value: unknown) => unknown);

/** An element of `tiers`: what `memoryTier()`, or the function of another entry point such as `redisTier()`, returns. */
export type TierConfig = MemoryTierConfig | RemoteTierConfig;

/** Options of a cache. */
export interface CacheOptions<T = unknown> extends LifetimeOptions<T>, RefreshOptions {
  /** First part of every key outside the process, and label of metrics. Default `"default"`. */
  readonly name?: string | undefined;
  /** Part of every key outside the process: another version starts empty. */
  readonly version?: string | undefined;
  /** Namespace of calls that name none. */
  readonly namespace?: string | undefined;
  /**
   * The tiers, in the order in which they are read: at most one in memory, one shared with other processes, and one that
   * keeps copies of what that holds on this host. Behind the shared one, the others are read when it does not answer.
   * Default `[memoryTier()]`.
   */
  readonly tiers?: readonly TierConfig[] | undefined;
  /** `false`: every verb passes through; `get` just calls its refresh. Default `true`. */
  readonly enabled?: boolean | undefined;
  /** An entry older than this is used by no call. Default: any age. */
  readonly maxAge?: Duration | undefined;
  /** What a value must be to be cached. What it refuses is not stored, and reported as an `invalid` event. */
  readonly validate?: Validator | undefined;
  /** Default of the memory tier's option of this name. */
  readonly isolation?: Isolation | undefined;
  /** What writes values in the shared tier, in place of the tier's option of this name. */
  readonly codec?: CodecOption | undefined;
  /** Most bytes of a key, namespace or tag (UTF-8). Default 512. */
  readonly maxKeyLength?: number | undefined;
  /** Counts hits and remembers the last one of every entry, for `getEntry`. Default `false`. */
  readonly trackAccess?: boolean | undefined;
  /**
   * `false`: `stats()` counts nothing. What is there now it tells all the same: entries, bytes, breakers, running
   * refreshes. Default `true`.
   */
  readonly enableStats?: boolean | undefined;
  /** Most background refreshes at a time. Default 16. */
  readonly refreshConcurrency?: number | undefined;
  /** Most background refreshes that wait; beyond, the stale value is served and none is begun. Default 1000. */
  readonly refreshQueue?: number | undefined;
  /**
   * When a refresh counts as hung: one in the background is then aborted, where no `hardTimeout` says sooner; one in
   * the foreground goes on for its callers, but later ones start another instead of joining it. Default 1 min.
   */
  readonly refreshTimeout?: Duration | undefined;
  /** How often expired entries are removed. Default: never but by eviction and `cleanupExpired()`. */
  readonly cleanupInterval?: Duration | undefined;
  /** How long `close()` waits for running refreshes. Default 5 s. */
  readonly closeTimeout?: Duration | undefined;
  /** Writes what the cache does as lines: `console`, pino, or what has their methods. Default: none. */
  readonly logger?: Logger | undefined;
  /** From which level on `logger` is written to; `"debug"` tells of every read. Default `"info"`. */
  readonly logLevel?: LogLevel | undefined;
  /** Makes spans of refreshes and of what tiers outside the process are asked: `openTelemetryTracing()`. Default: none. */
  readonly tracing?: Tracing | undefined;
  /** Source of time. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
  /** Source of chance, in [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}
