// A hundred memory hits at a time: Promise.all of 100 get(key).

import { makeKeys, makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, fill } from "./fill.mjs";

const CONCURRENT = 100;

export const workload = throughput({
  id: "hit-100",
  title: "Memory hit, 100 concurrent: `Promise.all` of 100 × `get(key)`",
  limit: "`Promise.all` of 100 calls of an async function returning `lruCache.get(key)`",
  target: undefined,
  needs: ["get", "set"],
  async block(contender) {
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS });
    const keys = makeKeys("user", WORKING_SET);
    const visits = makeVisits().subarray(0, 40 * CONCURRENT);
    const expected = sumOfVisits(visits);
    await fill(cache, keys, makeUsers(WORKING_SET));
    const pending = new Array(CONCURRENT);
    return async () => {
      let sum = 0;
      for (let i = 0; i < visits.length; i += CONCURRENT) {
        for (let j = 0; j < CONCURRENT; j++) pending[j] = cache.get(keys[visits[i + j]]);
        for (const user of await Promise.all(pending)) sum += user.id;
      }
      assertEqual(sum, expected, "sum of ids");
      return visits.length;
    };
  },
});
