// freshtier over Redis as it is after `npm run build`: statistics on, which is its default, and its bus live.

import { setTimeout as sleep } from "node:timers/promises";

const [{ TieredCacheManager, memoryTier }, { redisTier }] = await Promise.all([
  import(new URL("../../../../dist/index.js", import.meta.url).href),
  import(new URL("../../../../dist/redis/index.js", import.meta.url).href),
]);

const LIVE_WITHIN_MS = 10_000;
// Longer than its default: on a machine that stands still for 100 ms, a miss would end the run instead of slowing it.
const TIMEOUT_MS = 5_000;

export const contender = {
  name: "freshtier",
  async create({ url, name, memoryEntries, ttlMs, staleMs, refresh }) {
    const cache = new TieredCacheManager({
      name,
      tiers: [
        ...(memoryEntries > 0 ? [memoryTier({ maxEntries: memoryEntries })] : []),
        redisTier({ url, timeout: TIMEOUT_MS }),
      ],
      ttl: ttlMs,
      staleWhileRevalidate: staleMs,
    });
    await untilLive(cache);
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      getOrRefresh: (key) => cache.get(key, refresh),
      setIn: (namespace, key, value) => cache.set(key, value, { namespace }),
      getIn: (namespace, key) => cache.get(key, { namespace }),
      clearNamespace: (namespace) => cache.clearNamespace(namespace),
      close: () => cache.close(),
    };
  },
};

async function untilLive(cache) {
  const deadline = performance.now() + LIVE_WITHIN_MS;
  while (!cache.stats().bus.live) {
    if (performance.now() > deadline) throw new Error("the bus of freshtier did not come up");
    await sleep(5);
  }
}
