// cacheable: its asynchronous cache, and for the synchronous rows the memory class it exports.

import { Cacheable, CacheableMemory, createKeyv } from "cacheable";

export const contender = {
  name: "cacheable",
  packages: ["cacheable"],
  imports: ["cacheable"],
  lacks: {
    stale: "no stale values",
  },
  notes: {
    "hit-sync": "its class `CacheableMemory`",
    "hit-tag": "tag given to `set`: its `getOrSet` takes none",
  },
  create({ maxEntries, ttlMs, tag, refresh, sync }) {
    // One map instead of sixteen spares a hash of the key per call; clones are off, as for everybody else.
    const memory = { ttl: ttlMs, lruSize: maxEntries, useClone: false, storeHashSize: 1 };
    if (sync) return synchronous(new CacheableMemory(memory));
    const cache = new Cacheable({ primary: createKeyv(memory), ttl: ttlMs, tags: tag !== undefined });
    const options = tag === undefined ? undefined : { ttl: ttlMs, tags: [tag] };
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value, options),
      getOrRefresh: (key) => cache.getOrSet(key, refresh),
      close: () => cache.disconnect(),
    };
  },
};

function synchronous(cache) {
  return {
    getSync: (key) => cache.get(key),
    set: async (key, value) => {
      cache.set(key, value);
    },
  };
}
