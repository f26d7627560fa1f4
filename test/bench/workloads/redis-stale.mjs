// Stale hits of memory and Redis while their refresh runs: how much slower than fresh hits of the same cache?

import { MAX_ENTRIES } from "../settings.mjs";
import { createCache } from "./redis-cache.mjs";
import { staleHits } from "./stale-hits.mjs";

export const workload = staleHits({
  id: "redis-stale",
  title: "Stale hit under load: `get(key, refresh)` while refreshes of 100 ms run, memory and Redis",
  // Fewer than in memory: whose first stale hit asks Redis would spend all its time on first hits.
  keys: 20,
  roundsOf: (pace) => pace.redis.staleRounds,
  create: (contender, { name, ttlMs, refresh }, url) =>
    createCache(contender, url, { name: `${contender.id}-${name}`, memoryEntries: MAX_ENTRIES, ttlMs, refresh }),
});
