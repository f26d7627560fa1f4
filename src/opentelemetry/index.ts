// The entry point `freshtier/opentelemetry`.

export type { CacheWithStats } from "../model/stats-reading.ts";
export { registerMetrics, type MetricsOptions } from "./metrics.ts";
export { openTelemetryTracing, type OpenTelemetryTracingOptions } from "./tracing.ts";
