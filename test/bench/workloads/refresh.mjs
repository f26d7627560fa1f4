// A miss with a refresh function that resolves at once, and the store: get(key, refresh) of an absent key.

import { makeKeys, makeUsers } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, controlledRefresh } from "./fill.mjs";

const PER_BLOCK = 2_000;

export const workload = throughput({
  id: "refresh",
  title: "Miss, refresh and store: `get(key, refresh)` of an absent key, full cache",
  limit: "`await` of an async function: `lruCache.get(key)`, `await refresh()`, `lruCache.set(key, value)`",
  target: undefined,
  needs: [],
  async block(contender) {
    const refresh = controlledRefresh();
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS, refresh });
    // Twice as many keys as fit, in turn: whoever comes round again has been evicted.
    const keys = makeKeys("user", 2 * MAX_ENTRIES);
    [refresh.value] = makeUsers(1);
    let next = 0;
    return async () => {
      const callsBefore = refresh.calls;
      for (let i = 0; i < PER_BLOCK; i++) {
        const user = await cache.getOrRefresh(keys[next]);
        if (user !== refresh.value) throw new Error(`${keys[next]} is not what refresh gave`);
        next = next + 1 === keys.length ? 0 : next + 1;
      }
      assertEqual(refresh.calls - callsBefore, PER_BLOCK, "calls of refresh");
      return PER_BLOCK;
    };
  },
});
