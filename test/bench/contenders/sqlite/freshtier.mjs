// freshtier over SQLite as it is after `npm run build`: statistics on, which is its default, and its bus live.

import { setTimeout as sleep } from "node:timers/promises";

const [{ TieredCacheManager }, { sqliteTier }] = await Promise.all([
  import(new URL("../../../../dist/index.js", import.meta.url).href),
  import(new URL("../../../../dist/sqlite/index.js", import.meta.url).href),
]);

const LIVE_WITHIN_MS = 10_000;
// Longer than its default: on a machine that stands still for 100 ms, a miss would end the run instead of slowing it.
const TIMEOUT_MS = 5_000;

export const contender = {
  name: "freshtier",
  async create({ file, ttlMs, staleMs }) {
    const cache = new TieredCacheManager({
      name: "bench",
      tiers: [sqliteTier({ path: file, timeout: TIMEOUT_MS })],
      ttl: ttlMs,
      staleWhileRevalidate: staleMs,
    });
    await untilLive(cache);
    return {
      get: (key) => cache.get(key),
      setAll: (keys, values) => Promise.all(keys.map((key, i) => cache.set(key, values[i]))),
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
