// What can be said about a cache between a client and any origin, and its checks.

import type { Clock } from "../../contracts/clock.ts";
import { badInput } from "../../errors.ts";
import type { TieredCacheManager } from "../../manager.ts";
import { checkInteger, checkObject } from "../../model/check.ts";
import { systemClock } from "../../model/clock.ts";
import { durationOr, type Duration, type Milliseconds } from "../../model/duration.ts";
import { checkName } from "../../model/key.ts";
import { WritersClocks } from "../writers-clocks.ts";
import { resolvePolicy, type PolicyOptions, type PolicySettings } from "../policy/settings.ts";

/** Options of `cachedFetch`. */
export interface CachedFetchOptions {
  readonly cache: TieredCacheManager;
  /** Namespace of the responses. Default `"fetch"`. */
  readonly namespace?: string | undefined;
  /** Which kind of cache it is: `{ shared: false }` for one user. Its mode is always `"full"`. */
  readonly policy?: Omit<PolicyOptions, "mode"> | undefined;
  /** A longer body is passed through, and not stored. Default 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** How many responses are kept under one URI, by what they vary by; the oldest goes first. Default 16. */
  readonly maxVariants?: number | undefined;
  /** How long a response is kept after its freshness, to be validated. Default 1 day. */
  readonly keepStale?: Duration | undefined;
  /** The name in `Cache-Status`. Default `"freshtier"`. */
  readonly cacheName?: string | undefined;
  /** Source of time. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** The same, checked and complete. */
export interface FetchSettings {
  readonly cache: TieredCacheManager;
  readonly namespace: string;
  readonly policy: PolicySettings;
  readonly maxBodyBytes: number;
  readonly maxVariants: number;
  readonly keepStaleMs: Milliseconds;
  readonly cacheName: string;
  readonly clock: Clock;
  readonly clocks: WritersClocks;
}

const KNOWN: readonly (keyof CachedFetchOptions)[] = [
  ...(["cache", "namespace", "policy", "maxBodyBytes", "maxVariants", "keepStale", "cacheName", "clock"] as const),
];

/** @throws CacheError `invalid_option` or `invalid_key` */
export function resolveFetch(options: CachedFetchOptions): FetchSettings {
  checkObject<CachedFetchOptions>(options, KNOWN, "options");
  const { cache, namespace = "fetch", cacheName = "freshtier", clock = systemClock } = options;
  if (typeof cache?.get !== "function") throw badInput("invalid_option", "options.cache", "a cache", cache);
  checkName(namespace, "options.namespace", 512);
  checkName(cacheName, "options.cacheName", 512);
  return Object.freeze({
    cache,
    namespace,
    cacheName,
    clock,
    clocks: new WritersClocks(cache, namespace, clock),
    policy: resolvePolicy(options.policy),
    maxBodyBytes: checkInteger(options.maxBodyBytes, 0, 1_048_576, "options.maxBodyBytes"),
    maxVariants: checkInteger(options.maxVariants, 1, 16, "options.maxVariants"),
    keepStaleMs: durationOr(options.keepStale ?? "1d", 0, "options.keepStale"),
  });
}
