// Metrics of Prometheus, registered: made when somebody scrapes.

import { Registry } from "prom-client";
import { built, watched } from "./watched.mjs";

const { registerCacheMetrics } = await built("prometheus/index.js");

// A hit may take 1.2 times as long.
export const contender = {
  name: "Prometheus",
  target: 0.83,
  create: watched({}, (cache) => registerCacheMetrics(cache, { registry: new Registry() })),
};
