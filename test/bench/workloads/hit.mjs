// A memory hit, awaited: get(key).

import { makeKeys, makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, fill } from "./fill.mjs";

export const workload = throughput({
  id: "hit",
  title: "Memory hit, awaited: `get(key)`",
  limit: "`await` of an async function returning `lruCache.get(key)`",
  target: 1,
  needs: ["get", "set"],
  block: hits,
});

/** Fills a cache, and hits it. */
export async function hits(contender) {
  const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS });
  const keys = makeKeys("user", WORKING_SET);
  const visits = makeVisits();
  const expected = sumOfVisits(visits);
  await fill(cache, keys, makeUsers(WORKING_SET));
  return async () => {
    let sum = 0;
    for (let i = 0; i < visits.length; i++) sum += (await cache.get(keys[visits[i]])).id;
    assertEqual(sum, expected, "sum of ids");
    return visits.length;
  };
}
