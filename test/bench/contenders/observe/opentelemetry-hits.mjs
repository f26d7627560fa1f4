// The same with a span for every hit, which nobody records.

import { built, watched } from "./watched.mjs";

const { openTelemetryTracing, registerMetrics } = await built("opentelemetry/index.js");

export const contender = {
  name: "OpenTelemetry, no SDK, hits: true",
  create: watched({ tracing: openTelemetryTracing({ hits: true }) }, (cache) => registerMetrics(cache)),
};
