// The entry point freshtier/prometheus: what a cache does, as metrics of prom-client.

export { cacheMetricsText, registerCacheMetrics } from "./register.ts";
export type { CacheWithStats } from "../model/stats-reading.ts";
export type { CacheMetricsOptions } from "./options.ts";
