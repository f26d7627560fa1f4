// Storing a value: set(key, value), awaited, over the working set.

import { makeKeys, makeUsers, makeVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";

export const workload = throughput({
  id: "set",
  title: "Memory set, awaited: `set(key, value)`",
  limit: "`await` of an async function calling `lruCache.set(key, value)`",
  target: undefined,
  needs: ["get", "set"],
  async block(contender) {
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS });
    const keys = makeKeys("user", WORKING_SET);
    const users = makeUsers(WORKING_SET + 1);
    const visits = makeVisits();
    let turn = 0;
    return async () => {
      // The value of a key changes with every pass, so that the check below cannot see an old one.
      turn ^= 1;
      for (let i = 0; i < visits.length; i++) await cache.set(keys[visits[i]], users[visits[i] + turn]);
      const last = visits[visits.length - 1];
      assertEqual((await cache.get(keys[last])).id, last + turn + 1, "id of the last user set");
      return visits.length;
    };
  },
});
