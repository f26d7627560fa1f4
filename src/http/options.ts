// What can be said about cached routes, and its checks.

import { badInput } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { TieredCacheManager } from "../manager.ts";
import { checkFunction, checkInteger, checkObject } from "../model/check.ts";
import { systemClock } from "../model/clock.ts";
import { durationOr, type Duration, type Milliseconds } from "../model/duration.ts";
import { checkName, checkNames } from "../model/key.ts";
import type { Prepared } from "./prepared.ts";
import type { StoredRoute } from "./stored.ts";
import { resolvePolicy, type PolicyOptions, type PolicySettings } from "./policy/settings.ts";
import { WritersClocks } from "./writers-clocks.ts";

/** Options of cached routes. `R` is what the server calls a request: `Request` of fetch, or that of a framework. */
export interface CachedRouteOptions<R> {
  readonly cache: TieredCacheManager;
  /** Namespace of the responses. Default `"http"`. */
  readonly namespace?: string | undefined;
  /**
   * The origin that the routes are served under, as `"https://shop.example"`: part of the key, and of the URL that the handler sees
   * when it answers for the cache. Default: the path and the scheme are the key, so answers must not depend on the host. It is never
   * taken from the request, whose `Host` anybody can make up.
   */
  readonly origin?: string | undefined;
  /**
   * Query parameters that the answers depend on; the handler sees no others when it answers for the cache. Default `"all"`.
   * Their order does not matter, except among those of one name.
   */
  readonly query?: "all" | readonly string[] | undefined;
  /** Request headers that the answers depend on. A response that varies by others is not stored. Default none. */
  readonly vary?: readonly string[] | undefined;
  /**
   * Whose answers a request may see: the id of a user, or of a tenant. `undefined`: those for everybody. Where a guard has put a
   * `user` on the request and neither this, `key` nor `vary` tells users apart, only responses that are called public are stored.
   */
  readonly partition?: ((request: R) => string | undefined | PromiseLike<string | undefined>) | undefined;
  /**
   * The key of a request instead of origin, path and query; by `https`, or behind a proxy that says so, the scheme is added where there is no
   * `origin`. `undefined`: it goes to the handler.
   */
  readonly key?: ((request: R) => string | undefined) | undefined;
  /** How long a response is fresh that does not say so itself. Default: what RFC 9111 guesses of `Last-Modified`. */
  readonly ttl?: Duration | undefined;
  /** How long after that it is given while the handler is run behind, if it does not say so itself. Default 0. */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long after freshness it is given when the handler fails, if it does not say so itself. Default 0. */
  readonly staleIfError?: Duration | undefined;
  /** Tags of all responses, besides those in their `Cache-Tag` and `Surrogate-Key`. */
  readonly tags?: readonly string[] | ((request: R) => readonly string[]) | undefined;
  /** A longer body is passed through, and not stored. Default 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * `Cache-Control` of stored responses for browsers and caches in front: `"as-is"` is what the handler says. Default `"no-cache"`, which with the
   * `ETag` costs a 304 and lets a purge reach everybody; of partitions `"private, no-cache"`.
   */
  readonly browser?: string | undefined;
  /** How long requests for what cannot be stored go straight to the handler, without waiting for each other. Default 10 s. */
  readonly hitForMiss?: Duration | undefined;
  /** The name in `Cache-Status`. Default `"freshtier"`. */
  readonly cacheName?: string | undefined;
  /** Source of time. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** Options of `cachedHandler`. */
export type CachedHandlerOptions = CachedRouteOptions<Request>;

/** The same, checked and complete, but for what concerns requests of one kind of server. */
export interface RouteSettings {
  readonly cache: TieredCacheManager;
  readonly namespace: string;
  readonly origin: string | undefined;
  readonly query: ReadonlySet<string> | undefined;
  readonly vary: readonly string[];
  readonly maxBodyBytes: number;
  readonly browser: string | undefined;
  readonly hitForMissMs: Milliseconds;
  readonly cacheName: string;
  readonly clock: Clock;
  /** For requests that everybody may see the answer to, and for those of a partition: their credentials are in its key. */
  readonly policy: PolicySettings;
  readonly partitionPolicy: PolicySettings;
  readonly clocks: WritersClocks;
  /** The options of questions for what is fresh in memory. */
  readonly ofHits: { readonly namespace: string };
  /** What was worked out of stored responses. */
  readonly prepared: WeakMap<StoredRoute, Prepared>;
  /** Whether nothing that was said tells users apart: then responses made for one are for nobody else. */
  readonly isBlindToUsers: boolean;
}

/** With the functions that get requests. */
export interface HandlerSettings<R> extends RouteSettings {
  readonly partition: CachedRouteOptions<R>["partition"];
  readonly key: CachedRouteOptions<R>["key"];
  readonly tagsOf: (request: R) => readonly string[];
  /** What tells routes under one URI apart, where a server has such: a part of all their keys. */
  readonly scopeOf: ((request: R) => string) | undefined;
}

/** What holds where nothing is said. */
export const HANDLER_DEFAULTS: Readonly<{
  namespace: string;
  maxBodyBytes: number;
  hitForMiss: Duration;
  cacheName: string;
}> = Object.freeze({ namespace: "http", maxBodyBytes: 1_048_576, hitForMiss: "10s", cacheName: "freshtier" });

const KNOWN: readonly (keyof CachedRouteOptions<unknown>)[] = [
  ...(["cache", "namespace", "origin", "query", "vary", "partition", "key", "ttl", "staleWhileRevalidate"] as const),
  ...(["staleIfError", "tags", "maxBodyBytes", "browser", "hitForMiss", "cacheName", "clock"] as const),
];

/** @throws CacheError `invalid_option` or `invalid_key` */
export function resolveHandler<R>(
  options: CachedRouteOptions<R>,
  scopeOf?: HandlerSettings<R>["scopeOf"],
): HandlerSettings<R> {
  checkObject<CachedRouteOptions<R>>(options, KNOWN, "options");
  const { cache, clock = systemClock } = options;
  if (typeof cache?.get !== "function") throw badInput("invalid_option", "options.cache", "a cache", cache);
  const vary = options.vary ?? [];
  const policy = { mode: "route", ...resolveTimes(options), targets: ["CDN-Cache-Control"] } as const;
  const keys = resolveKey(options);
  const partitionVary = [...vary, "authorization", "cookie"];
  return Object.freeze({
    cache,
    clock,
    ...keys,
    clocks: new WritersClocks(cache, keys.namespace, clock),
    ofHits: { namespace: keys.namespace },
    tagsOf: resolveTags(options.tags),
    scopeOf,
    maxBodyBytes: checkInteger(options.maxBodyBytes, 0, HANDLER_DEFAULTS.maxBodyBytes, "options.maxBodyBytes"),
    browser: options.browser === undefined ? undefined : text(options.browser, "options.browser"),
    hitForMissMs: durationOr(options.hitForMiss ?? HANDLER_DEFAULTS.hitForMiss, 0, "options.hitForMiss"),
    cacheName: text(options.cacheName ?? HANDLER_DEFAULTS.cacheName, "options.cacheName"),
    policy: resolvePolicy({ ...policy, declared: vary }),
    partitionPolicy: resolvePolicy({ ...policy, declared: partitionVary }),
    prepared: new WeakMap(),
    isBlindToUsers: isBlindToUsers(options),
  });
}

/** Options alone, in the place of the handler, are a mistake that is easily made. @throws CacheError `invalid_argument` */
export function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") throw badInput("invalid_argument", "handler", "a function", handler);
}

/** What a client can do with a response says nothing of who it is. */
const NEGOTIATED = /^(?:accept(?:-.*)?|origin|user-agent|sec-.*)$/i;

function isBlindToUsers<R>({ partition, key, vary = [] }: CachedRouteOptions<R>): boolean {
  return partition === undefined && key === undefined && vary.every((name) => NEGOTIATED.test(name));
}

/** Checked here, where they have the names that they were given by. */
function resolveTimes<R>(
  options: CachedRouteOptions<R>,
): Pick<PolicyOptions, "ttl" | "staleWhileRevalidate" | "staleIfError"> {
  return {
    ttl: durationOr(options.ttl, undefined, "options.ttl"),
    staleWhileRevalidate: durationOr(options.staleWhileRevalidate, 0, "options.staleWhileRevalidate"),
    staleIfError: durationOr(options.staleIfError, 0, "options.staleIfError"),
  };
}

type KeySettings<R> = Pick<HandlerSettings<R>, "namespace" | "origin" | "query" | "vary" | "partition" | "key">;

function resolveKey<R>(options: CachedRouteOptions<R>): KeySettings<R> {
  const { query = "all", vary = [], namespace = HANDLER_DEFAULTS.namespace } = options;
  checkName(namespace, "options.namespace", 512);
  return {
    namespace,
    origin: options.origin === undefined ? undefined : originOf(options.origin),
    query: query === "all" ? undefined : new Set(checkNames(query, "options.query", Infinity)),
    vary: checkNames(vary, "options.vary", Infinity)
      .map((name) => name.toLowerCase())
      .toSorted(),
    partition: checkFunction(options.partition, undefined, "options.partition"),
    key: checkFunction(options.key, undefined, "options.key"),
  };
}

function originOf(value: unknown): string {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const isOrigin = url !== undefined && url.origin !== "null" && url.href === `${url.origin}/`;
  if (!isOrigin) throw badInput("invalid_option", "options.origin", 'an origin, as "https://shop.example"', value);
  return url.origin;
}

function resolveTags<R>(tags: CachedRouteOptions<R>["tags"]): HandlerSettings<R>["tagsOf"] {
  if (typeof tags === "function") return tags;
  const fixed = checkNames(tags ?? [], "options.tags", Infinity);
  return () => fixed;
}

function text(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "") throw badInput("invalid_option", field, "a text", value);
  return value;
}
