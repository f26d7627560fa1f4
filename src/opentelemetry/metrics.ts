// Metrics of a cache: instruments that read its statistics when somebody collects, and cost nothing until then.

import { metrics, ValueType } from "@opentelemetry/api";
import type { BatchObservableResult, Meter, MeterProvider, Observable } from "@opentelemetry/api";
import { badInput } from "../errors.ts";
import { checkObject } from "../model/check.ts";
import type { CacheWithStats } from "../model/stats-reading.ts";
import { METRICS, type MetricRow } from "./metric-table.ts";
import { ATTRIBUTES, SCOPE } from "./names.ts";
import { safely } from "./safely.ts";

/** Options of {@link registerMetrics}. */
export interface MetricsOptions {
  /** Default: the global one, which has to be registered before. */
  readonly meterProvider?: MeterProvider | undefined;
}

/**
 * Lets a meter provider collect the metrics of a cache: those in a table of src/DESIGN.md, with its name as attribute
 * `freshtier.cache`. They are read from `cache.stats()`, once for each collection; the cache itself does nothing more than it did.
 * Several caches may be registered; of two with one name, the values of one would hide the other's.
 * @returns what ends it: the cache is let go. An SDK that accumulates goes on to export what it has been told last
 * @throws CacheError `invalid_argument` for what is no cache, `invalid_option`
 * @example
 * const unregister = registerMetrics(cache);
 */
export function registerMetrics(cache: CacheWithStats, options: MetricsOptions = {}): () => void {
  if (typeof cache?.stats !== "function") throw badInput("invalid_argument", "cache", "a TieredCacheManager", cache);
  checkObject<MetricsOptions>(options, ["meterProvider"], "options of registerMetrics");
  const { meterProvider } = options;
  if (meterProvider !== undefined && typeof meterProvider?.getMeter !== "function") {
    throw badInput("invalid_option", "meterProvider", "an object with getMeter()", meterProvider);
  }
  return safely(() => register(cache, (meterProvider ?? metrics).getMeter(SCOPE.name, SCOPE.version))) ?? nothing;
}

const nothing = (): void => undefined;

function register(cache: CacheWithStats, meter: Meter): () => void {
  const instruments = METRICS.map((row) => ({ row, instrument: create(meter, row) }));
  const observables = instruments.map(({ instrument }) => instrument);
  const observe = (result: BatchObservableResult): void => {
    const stats = cache.stats();
    for (const { row, instrument } of instruments) {
      for (const [value, attributes] of row.read(stats)) {
        // No bound is no number.
        if (Number.isFinite(value))
          result.observe(instrument, value as number, { [ATTRIBUTES.cache]: cache.name, ...attributes });
      }
    }
  };
  meter.addBatchObservableCallback(observe, observables);
  return () => safely(() => meter.removeBatchObservableCallback(observe, observables));
}

function create(meter: Meter, { kind, name, unit, description }: MetricRow): Observable {
  if (kind === "gauge") return meter.createObservableGauge(name, { unit, description });
  const options = { unit, description, valueType: ValueType.INT };
  return kind === "counter"
    ? meter.createObservableCounter(name, options)
    : meter.createObservableUpDownCounter(name, options);
}
