// layered-loader over Redis: a Loader where there is a refresh function, groups where there are namespaces, else a ManualCache.

import { Loader, ManualCache, ManualGroupCache } from "layered-loader/core";
import { RedisCache, RedisGroupCache } from "layered-loader/redis";
import { connect } from "./connect.mjs";

export const contender = {
  name: "layered-loader",
  async create({ url, name, concurrent, memoryEntries, ttlMs, staleMs, refresh }) {
    const redis = await connect({ url, concurrent });
    const close = () => redis.disconnect();
    if (refresh) return { ...loaderOf({ redis, name, memoryEntries, ttlMs, staleMs, refresh }), close };
    const config = { prefix: name, ttlInMsecs: ttlMs, json: true };
    const manual = new ManualCache({ asyncCache: new RedisCache(redis, config) });
    const groups = new ManualGroupCache({
      asyncCache: new RedisGroupCache(redis, { ...config, prefix: `${name}-groups` }),
    });
    return {
      get: (key) => manual.get(key),
      set: (key, value) => manual.set(key, value),
      setIn: (namespace, key, value) => groups.set(key, value, namespace),
      getIn: (namespace, key) => groups.get(key, namespace),
      clearNamespace: (namespace) => groups.invalidateCacheForGroup(namespace),
      close,
    };
  },
};

function loaderOf({ redis, name, memoryEntries, ttlMs, staleMs, refresh }) {
  // It has no time after the ttl, only a window before its end.
  const lifetime = { ttlInMsecs: ttlMs + staleMs, ttlLeftBeforeRefreshInMsecs: staleMs };
  const loader = new Loader({
    inMemoryCache: memoryEntries > 0 ? { cacheType: "lru-map", maxItems: memoryEntries, ...lifetime } : undefined,
    // Without the window here too, a refresh would find the old value in Redis and be content with it.
    asyncCache: new RedisCache(redis, { prefix: name, json: true, ...lifetime }),
    dataSources: [{ name: "refresh", get: refresh, getMany: () => Promise.resolve([]) }],
  });
  return {
    getOrRefresh: (key) => loader.get(key),
    set: (key, value) => loader.forceSetValue(key, value),
  };
}
