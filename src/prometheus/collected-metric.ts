// A metric as a registry of prom-client asks for it: made of snapshots when it is scraped, so that nothing is observed before.

import type { LatencyStats } from "../model/stats.ts";
import type { Collection } from "./collection.ts";
import { inSeconds, type CacheMetric, type Labels, type Sample } from "./metrics.ts";

/** One line of the text that a scrape gets. */
interface Value {
  readonly labels: Labels;
  readonly value: number;
  /** Where it is not that of the metric: those of a histogram have suffixes. */
  readonly metricName?: string;
}

/** What a registry gets of a metric. */
interface MetricValues {
  readonly name: string;
  readonly help: string;
  readonly type: CacheMetric["type"];
  /** How prom-client adds up the processes of a cluster. */
  readonly aggregator: "sum" | "average";
  readonly values: readonly Value[];
}

/** One metric of all caches of a collection. */
export class CollectedMetric {
  /** Under which it is registered. */
  readonly fullName: string;
  /** The same, until a registry that speaks OpenMetrics takes `_total` off it: it writes that itself. */
  name: string;
  readonly help: string;
  readonly type: CacheMetric["type"];
  readonly aggregator: MetricValues["aggregator"];
  readonly #collection: Collection;
  readonly #metric: CacheMetric;

  constructor(collection: Collection, prefix: string, metric: CacheMetric) {
    this.fullName = prefix + metric.name;
    this.name = this.fullName;
    this.help = metric.help;
    this.type = metric.type;
    // A part of a whole is no sum.
    this.aggregator = metric.name.endsWith("_ratio") ? "average" : "sum";
    this.#collection = collection;
    this.#metric = metric;
  }

  async get(): Promise<MetricValues> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#values() };
  }

  /** Of a registry's `resetMetrics()`: what a cache has done it has done. See `cache.resetStats()`. */
  reset(): void {}

  #values(): Value[] {
    const metric = this.#metric;
    const stats = this.#collection.snapshots();
    if (metric.type === "histogram") {
      return stats.flatMap((one) => metric.read(one).flatMap((sample) => distribution(this.name, one.name, sample)));
    }
    return stats.flatMap((one) => metric.read(one).flatMap((sample) => single(one.name, sample)));
  }
}

function single(cache: string, { labels, value }: Sample<number>): Value[] {
  return value === undefined ? [] : [{ labels: { cache, ...labels }, value }];
}

/** Buckets, sum and count (https://prometheus.io/docs/instrumenting/exposition_formats/). */
function distribution(name: string, cache: string, { labels, value }: Sample<LatencyStats>): Value[] {
  if (value === undefined) return [];
  const all = { cache, ...labels };
  return [
    ...value.buckets.map(({ upToMs, count }) => {
      const le = upToMs === Infinity ? "+Inf" : String(inSeconds(upToMs));
      return { metricName: `${name}_bucket`, labels: { ...all, le }, value: count };
    }),
    { metricName: `${name}_sum`, labels: all, value: inSeconds(value.sumMs) },
    { metricName: `${name}_count`, labels: all, value: value.count },
  ];
}
