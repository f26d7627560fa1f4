// The entry point `freshtier/undici`: an HTTP cache for fetch, by undici's policy or by ours.

export { cachedFetch } from "../http/full/cached-fetch.ts";
export type { Fetch } from "../http/full/exchange.ts";
export type { CachedFetchOptions } from "../http/full/options.ts";
export { tieredCacheStore, type TieredCacheStore } from "./store.ts";
export type { TieredCacheStoreOptions } from "./options.ts";
export type { HttpCacheControl, HttpCacheKey, HttpCacheValue, HttpCached, HttpHeaders, HttpVary } from "./types.ts";
