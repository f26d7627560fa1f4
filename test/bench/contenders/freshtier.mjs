// freshtier as it is after `npm run build`, statistics on, which is its default.

const entry = new URL("../../../dist/index.js", import.meta.url).href;
const { TieredCacheManager, memoryTier } = await import(entry);

export const contender = {
  name: "freshtier",
  packages: [],
  imports: [entry],
  lacks: {},
  create({ maxEntries, ttlMs, staleMs, tag, refresh }) {
    const cache = new TieredCacheManager({
      name: "bench",
      tiers: [memoryTier({ maxEntries })],
      ttl: ttlMs,
      staleWhileRevalidate: staleMs,
    });
    const options = tag === undefined ? undefined : { tags: [tag] };
    return {
      get: (key) => cache.get(key),
      getSync: (key) => cache.getSync(key),
      set: (key, value) => cache.set(key, value, options),
      getOrRefresh: tag === undefined ? (key) => cache.get(key, refresh) : (key) => cache.get(key, refresh, options),
      setSyncIn: (namespace, key, value) => cache.setSync(key, value, { namespace }),
      getIn: (namespace, key) => cache.get(key, { namespace }),
      clearNamespace: (namespace) => cache.clearNamespace(namespace),
      close: () => cache.close(),
    };
  },
};
