// Stale hits in memory while their refresh runs: how much slower than fresh hits of the same cache?

import { MAX_ENTRIES, STALE_MS } from "../settings.mjs";
import { staleHits } from "./stale-hits.mjs";

export const workload = staleHits({
  id: "stale",
  title: "Stale hit under load: `get(key, refresh)` while refreshes of 100 ms run",
  keys: 100,
  roundsOf: (pace) => pace.staleRounds,
  create: (contender, { ttlMs, refresh }) =>
    contender.create({ maxEntries: MAX_ENTRIES, ttlMs, staleMs: STALE_MS, refresh }),
});
