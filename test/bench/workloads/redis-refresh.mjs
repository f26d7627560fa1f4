// A miss in memory and in Redis, a refresh that resolves at once, and the store in both: get(key, refresh) of an absent key.

import { makeProfiles } from "../data.mjs";
import { MAX_ENTRIES } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, controlledRefresh } from "./fill.mjs";
import { createCache } from "./redis-cache.mjs";

const PER_BLOCK = 100;

export const workload = throughput({
  id: "redis-refresh",
  title: "Miss, refresh and store, one after the other: `get(key, refresh)` of an absent key, memory and Redis",
  limit: "`getBuffer`, `await refresh()`, `JSON.stringify` and `SET … PX` of ioredis, no memory",
  target: 0.5,
  needs: [],
  async block(contender, url) {
    const refresh = controlledRefresh();
    const cache = await createCache(contender, url, { memoryEntries: MAX_ENTRIES, refresh });
    [refresh.value] = makeProfiles(1);
    let next = 0;
    return async () => {
      const callsBefore = refresh.calls;
      for (let i = 0; i < PER_BLOCK; i++) {
        const user = await cache.getOrRefresh(`user:${next++}`);
        if (user?.id !== refresh.value.id) throw new Error(`user:${next - 1} is not what refresh gave`);
      }
      assertEqual(refresh.calls - callsBefore, PER_BLOCK, "calls of refresh");
      return PER_BLOCK;
    };
  },
});
