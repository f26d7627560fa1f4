// freshtier as it is after `npm run build`, and whatever watches it.

/** Imports an entry point of the built package. @param {string} path such as `"index.js"` */
export const built = (path) => import(new URL(`../../../../dist/${path}`, import.meta.url).href);

const { TieredCacheManager, memoryTier } = await built("index.js");

/**
 * @param {object} options of the cache
 * @param {(cache: object) => void} [watch] what else is done with it
 */
export function watched(options, watch) {
  return ({ maxEntries, ttlMs, staleMs }) => {
    const cache = new TieredCacheManager({
      name: "bench",
      tiers: [memoryTier({ maxEntries })],
      ttl: ttlMs,
      staleWhileRevalidate: staleMs,
      ...options,
    });
    watch?.(cache);
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) };
  };
}
