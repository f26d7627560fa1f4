// The limit: freshtier's `cache.get` with a key that is at hand.

const entry = new URL("../../../../dist/index.js", import.meta.url).href;
const { TieredCacheManager, memoryTier } = await import(entry);

export const contender = {
  name: "cache.get",
  create({ maxEntries, ttlMs, ids, load }) {
    const cache = new TieredCacheManager({ name: "bench", tiers: [memoryTier({ maxEntries })], ttl: ttlMs });
    const keys = ids.map((id) => `product:${id}`);
    const refreshes = ids.map((id) => () => load(id));
    return { product: (id) => cache.get(keys[id], refreshes[id]) };
  },
};
