// Options of the metrics, checked.

import type { Registry } from "prom-client";
import { badInput } from "../errors.ts";
import { checkObject } from "../model/check.ts";

/** How the metrics of a cache are told. */
export interface CacheMetricsOptions {
  /** Where they are registered. Default: prom-client's own `register`. */
  readonly registry?: Pick<Registry, "registerMetric" | "getSingleMetric" | "removeSingleMetric"> | undefined;
  /** What their names begin with. Default `"freshtier_"`. Caches of one registry that share it share the metrics. */
  readonly prefix?: string | undefined;
  /**
   * Which namespaces are told of one by one: those named, or so many, the most used first, and those stay. All others add
   * up under `__other__`. Names come from your program; one for each of your users would be a time series for each.
   * Default 20.
   */
  readonly namespaces?: readonly string[] | number | undefined;
}

/** The same, complete. */
export interface MetricsSettings {
  readonly prefix: string;
  /** Namespaces that are always told of. */
  readonly named: readonly string[];
  /** How many others may be. */
  readonly maxOthers: number;
}

const DEFAULT_PREFIX = "freshtier_";
const DEFAULT_NAMESPACES = 20;

/** @throws CacheError `invalid_option` */
export function resolveMetricsOptions(options: CacheMetricsOptions, known: readonly string[]): MetricsSettings {
  checkObject<CacheMetricsOptions>(options, known as readonly (keyof CacheMetricsOptions)[], "options");
  const { prefix = DEFAULT_PREFIX, namespaces = DEFAULT_NAMESPACES } = options;
  // https://prometheus.io/docs/concepts/data_model/ without the colon, which is for recording rules
  if (typeof prefix !== "string" || !/^[a-zA-Z_]\w*$/.test(prefix)) {
    throw badInput("invalid_option", "options.prefix", "letters, digits and underscores, no digit first", prefix);
  }
  if (typeof namespaces === "number" && Number.isSafeInteger(namespaces) && namespaces >= 0) {
    return { prefix, named: [], maxOthers: namespaces };
  }
  if (Array.isArray(namespaces) && namespaces.every((name) => typeof name === "string")) {
    return { prefix, named: namespaces, maxOthers: 0 };
  }
  throw badInput(
    "invalid_option",
    "options.namespaces",
    "a list of names, or a whole number of at least 0",
    namespaces,
  );
}
