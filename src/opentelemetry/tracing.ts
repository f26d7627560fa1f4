// The option `tracing` of a cache, made of OpenTelemetry.

import { trace, type TracerProvider } from "@opentelemetry/api";
import { badInput } from "../errors.ts";
import type { Tracing } from "../contracts/tracer.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import { SCOPE } from "./names.ts";
import { safely } from "./safely.ts";
import { OpenTelemetryTracer } from "./tracer.ts";

/** Options of {@link openTelemetryTracing}. */
export interface OpenTelemetryTracingOptions {
  /** Whether spans tell keys and tags. They may be personal, and are many. Default `false`. */
  readonly keys?: boolean | undefined;
  /** Whether a value that is served at once gets a span too: it takes longer to make than the value. Default `false`. */
  readonly hits?: boolean | undefined;
  /** Default: the global one, whenever it is registered. */
  readonly tracerProvider?: TracerProvider | undefined;
}

/**
 * Makes a cache trace what it does: a span of kind `CLIENT` for each question to a tier outside the process, and one of
 * kind `INTERNAL` for each refresh, within which the refresh function runs. A background refresh is a trace of its own with
 * a link to the span that was active when it was asked for. A fresh memory hit makes no span, and costs what it did.
 * Without an SDK nothing is recorded. What OpenTelemetry throws goes to its `diag` logger.
 * @throws CacheError `invalid_option`
 * @example
 * const cache = new TieredCacheManager({ tiers, tracing: openTelemetryTracing({ keys: true }) });
 */
export function openTelemetryTracing(options: OpenTelemetryTracingOptions = {}): Tracing {
  checkObject<OpenTelemetryTracingOptions>(
    options,
    ["keys", "hits", "tracerProvider"],
    "options of openTelemetryTracing",
  );
  const showsKeys = checkBoolean(options.keys, false, "keys");
  const hasHits = checkBoolean(options.hits, false, "hits");
  const { tracerProvider } = options;
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== "function") {
    throw badInput("invalid_option", "tracerProvider", "an object with getTracer()", tracerProvider);
  }
  return Object.freeze({
    open(cache: string): OpenTelemetryTracer {
      const starter = safely(() => (tracerProvider ?? trace).getTracer(SCOPE.name, SCOPE.version));
      return new OpenTelemetryTracer(starter, cache, showsKeys, hasHits);
    },
  });
}
