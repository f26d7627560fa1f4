// A memory hit without a promise: getSync(key).

import { makeKeys, makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, fill } from "./fill.mjs";

export const workload = throughput({
  id: "hit-sync",
  title: "Memory hit, synchronous: `getSync(key)`",
  limit: "bare `lruCache.get(key)`, with a ttl",
  target: 0.6,
  needs: ["getSync"],
  async block(contender) {
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS, sync: true });
    const keys = makeKeys("user", WORKING_SET);
    const visits = makeVisits();
    const expected = sumOfVisits(visits);
    await fill(cache, keys, makeUsers(WORKING_SET));
    return () => {
      let sum = 0;
      for (let i = 0; i < visits.length; i++) sum += cache.getSync(keys[visits[i]]).id;
      assertEqual(sum, expected, "sum of ids");
      return visits.length;
    };
  },
});
