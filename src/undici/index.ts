// The entry point `freshtier/undici`.

export { tieredCacheStore, type TieredCacheStore } from "./store.ts";
export type { TieredCacheStoreOptions } from "./options.ts";
export type { HttpCacheControl, HttpCacheKey, HttpCacheValue, HttpCached, HttpHeaders, HttpVary } from "./types.ts";
