// layered-loader, memory only: a Loader where there is a refresh function, else a ManualCache.

import { Loader, ManualCache } from "layered-loader/core";

export const contender = {
  name: "layered-loader",
  packages: ["layered-loader"],
  imports: ["layered-loader/core"],
  lacks: {
    tags: "no tags",
  },
  create({ maxEntries, ttlMs, staleMs, refresh }) {
    if (!refresh) return manual({ cacheType: "lru-map", maxItems: maxEntries, ttlInMsecs: ttlMs });
    const loader = new Loader({
      // It has no time after the ttl, only a window before its end.
      inMemoryCache: {
        cacheType: "lru-map",
        maxItems: maxEntries,
        ttlInMsecs: ttlMs + staleMs,
        ttlLeftBeforeRefreshInMsecs: staleMs,
      },
      dataSources: [{ name: "refresh", get: refresh, getMany: () => Promise.resolve([]) }],
    });
    return {
      getOrRefresh: (key) => loader.get(key),
      set: (key, value) => loader.forceSetValue(key, value),
      close: () => loader.close(),
    };
  },
};

function manual(inMemoryCache) {
  const cache = new ManualCache({ inMemoryCache });
  return {
    get: (key) => cache.get(key),
    getSync: (key) => cache.getInMemoryOnly(key),
    set: (key, value) => cache.set(key, value),
    close: () => cache.close(),
  };
}
