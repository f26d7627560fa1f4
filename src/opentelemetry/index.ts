// The entry point `freshtier/opentelemetry`.

export { registerMetrics, type CacheWithStats, type MetricsOptions } from "./metrics.ts";
export { openTelemetryTracing, type OpenTelemetryTracingOptions } from "./tracing.ts";
