// What users can say in one call of a verb.

import type { Duration } from "./duration.ts";

/** How long an entry lives, and for what. */
export interface LifetimeOptions<T = unknown> {
  /** How long an entry is fresh, or a function of the value that says so. `0`: stale from the start. Default 5 min. */
  readonly ttl?: Duration | ((value: T) => Duration) | undefined;
  /** How long after that it is served while it is refreshed (RFC 5861). Default 1 min. */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long after freshness it is served when its refresh fails (RFC 5861). Default 0. */
  readonly staleIfError?: Duration | undefined;
  /** Largest part of `ttl` taken away by chance, 0 to 1, so that entries do not expire together. Default 0. */
  readonly jitter?: number | undefined;
  /** `ttl` of negative values, which get no stale windows. Default: they are treated like any other. */
  readonly negativeTtl?: Duration | undefined;
  /** Which values are negative. Default: `null`. */
  readonly isNegative?: ((value: T) => boolean) | undefined;
}

/** Which namespace a key is of. */
export interface NamespaceOption {
  /** Default: that of the cache. */
  readonly namespace?: string | undefined;
}

/** Use of single tiers in one call, by tier name: `false` skips it, `maxAge` bounds the copies read from and put in it. */
export type TierUse = Readonly<Record<string, false | { readonly maxAge?: Duration | undefined }>>;

/** Options of `set` and `setMany`. */
export interface SetOptions<T = unknown> extends LifetimeOptions<T>, NamespaceOption {
  /** Labels that can be invalidated together. */
  readonly tags?: readonly string[] | undefined;
  readonly tiers?: TierUse | undefined;
}

/** How reads with a refresh function behave. */
export interface RefreshOptions {
  /** Stale entries are refreshed in the background while they are served. `false`: in the foreground. Default `true`. */
  readonly backgroundRefresh?: boolean | undefined;
  /** With a stale entry: wait this long for its refresh before the stale value is served. Default: do not wait. */
  readonly softTimeout?: Duration | undefined;
  /** Longest a caller waits for a refresh; then it counts as failed for this caller. Default: no limit. */
  readonly hardTimeout?: Duration | undefined;
  /**
   * XFetch β: refreshes a fresh entry early, by chance, the likelier the nearer its end; 1 is usual. Always behind
   * the value that is served. Default 0, off.
   */
  readonly earlyRefresh?: number | undefined;
}

/** Options of `get`, `getSync` and `getEntry` without a refresh. */
export interface PeekOptions extends NamespaceOption {
  /** An older entry than this is not used by this call. Default: any age. */
  readonly maxAge?: Duration | undefined;
  readonly tiers?: TierUse | undefined;
}

/** Options of `get` and `getMany` with a refresh. */
export interface GetOptions<T = unknown> extends SetOptions<T>, RefreshOptions, PeekOptions {
  /** Aborts this caller's wait. The refresh itself is aborted when the last of its callers leaves. */
  readonly signal?: AbortSignal | undefined;
  /** Refreshes even if the entry is fresh. Default `false`. */
  readonly forceRefresh?: boolean | undefined;
}

/** Options of `keys`. */
export interface KeysOptions extends NamespaceOption {
  /** Only keys that start with this. */
  readonly prefix?: string | undefined;
}
