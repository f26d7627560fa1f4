// Registers the metrics of caches with a registry of prom-client.

import { register, Registry, type Metric } from "prom-client";
import { badInput } from "../errors.ts";
import { CollectedMetric } from "./collected-metric.ts";
import type { CacheWithStats } from "../model/stats-reading.ts";
import { Collection } from "./collection.ts";
import { METRICS } from "./metrics.ts";
import { resolveMetricsOptions, type CacheMetricsOptions } from "./options.ts";

type AnyRegistry = NonNullable<CacheMetricsOptions["registry"]>;

/** What a registry tells of caches under one prefix. */
interface Registered {
  readonly collection: Collection;
  readonly metrics: readonly CollectedMetric[];
}

/** By registry and prefix. */
const registered = new WeakMap<AnyRegistry, Map<string, Registered>>();

/**
 * Tells a registry what a cache does. Several caches may be told of; the label `cache` is their name. Nothing is counted or
 * observed but what `stats()` tells anyway: it is asked when the metrics are scraped. Doing it again changes nothing.
 * @returns what ends it
 * @throws CacheError `invalid_option`; CacheError `invalid_argument` for another cache of the same name; what the
 * registry throws where it has another metric of the same name
 */
export function registerCacheMetrics(cache: CacheWithStats, options: CacheMetricsOptions = {}): () => void {
  const settings = resolveMetricsOptions(options, ["registry", "prefix", "namespaces"]);
  const { registry = register } = options;
  if (typeof registry !== "object" || registry === null || typeof registry.registerMetric !== "function") {
    throw badInput("invalid_option", "options.registry", "a registry of prom-client", registry);
  }
  const source = sourceOf(cache);
  const { collection, metrics } = registeredIn(registry, settings.prefix);
  collection.add(source, settings);
  return () => {
    collection.remove(source);
    if (collection.isEmpty) for (const metric of metrics) forget(registry, metric);
  };
}

/**
 * What caches do, in Prometheus' text format, without a registry of the application's.
 * @throws CacheError `invalid_option` or `invalid_argument`
 */
export async function cacheMetricsText(
  caches: CacheWithStats | readonly CacheWithStats[],
  options: Omit<CacheMetricsOptions, "registry"> = {},
): Promise<string> {
  const settings = resolveMetricsOptions(options, ["prefix", "namespaces"]);
  const registry = new Registry();
  const { collection } = open(registry, settings.prefix);
  for (const cache of Array.isArray(caches) ? (caches as readonly CacheWithStats[]) : [caches as CacheWithStats]) {
    collection.add(sourceOf(cache), settings);
  }
  return registry.metrics();
}

/** What is registered under a prefix already, unless the registry has been cleared since. */
function registeredIn(registry: AnyRegistry, prefix: string): Registered {
  const byPrefix = registered.get(registry) ?? new Map<string, Registered>();
  registered.set(registry, byPrefix);
  const known = byPrefix.get(prefix);
  if (known?.metrics.every((metric) => isIn(registry, metric)) === true) return known;
  const opened = open(registry, prefix);
  byPrefix.set(prefix, opened);
  return opened;
}

/** All or none: a registry that has another metric of one of the names gets none of them. */
function open(registry: AnyRegistry, prefix: string): Registered {
  const collection = new Collection();
  const metrics = METRICS.map((metric) => new CollectedMetric(collection, prefix, metric));
  try {
    for (const metric of metrics) registry.registerMetric(metric as unknown as Metric);
  } catch (error) {
    for (const metric of metrics) forget(registry, metric);
    throw error;
  }
  return { collection, metrics };
}

function isIn(registry: AnyRegistry, metric: CollectedMetric): boolean {
  return (registry.getSingleMetric(metric.fullName) as unknown) === metric;
}

/** One of the same name that is not ours stays. */
function forget(registry: AnyRegistry, metric: CollectedMetric): void {
  if (isIn(registry, metric)) registry.removeSingleMetric(metric.fullName);
}

function sourceOf(cache: unknown): CacheWithStats {
  const isSource = typeof cache === "object" && cache !== null && "stats" in cache && typeof cache.stats === "function";
  if (!isSource) throw badInput("invalid_argument", "cache", "a cache", cache);
  return cache as unknown as CacheWithStats;
}
