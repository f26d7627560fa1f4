// Statistics, traces and metrics, in a process that has no SDK of OpenTelemetry: what a library pays whose user has none.

import { built, watched } from "./watched.mjs";

const { openTelemetryTracing, registerMetrics } = await built("opentelemetry/index.js");

// A hit may take 1.1 times as long.
export const contender = {
  name: "OpenTelemetry, no SDK",
  target: 0.91,
  create: watched({ tracing: openTelemetryTracing() }, (cache) => registerMetrics(cache)),
};
