// A read that finds nothing: get(key) of an absent key.

import { makeKeys, makeUsers, makeVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, fill } from "./fill.mjs";

export const workload = throughput({
  id: "miss",
  title: "Miss, awaited: `get(key)` of an absent key",
  limit: "`await` of an async function returning `lruCache.get(key)`",
  target: undefined,
  needs: ["get", "set"],
  async block(contender) {
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS });
    await fill(cache, makeKeys("user", WORKING_SET), makeUsers(WORKING_SET));
    const absent = makeKeys("nobody", WORKING_SET);
    const visits = makeVisits();
    return async () => {
      let found = 0;
      for (let i = 0; i < visits.length; i++) if ((await cache.get(absent[visits[i]])) !== undefined) found++;
      assertEqual(found, 0, "values found");
      return visits.length;
    };
  },
});
