// cache-manager over the bounded memory store that its documentation recommends.

import { createCache } from "cache-manager";
import { createKeyv } from "cacheable";

export const contender = {
  name: "cache-manager",
  packages: ["cache-manager", "cacheable"],
  imports: ["cache-manager", "cacheable"],
  lacks: {
    getSync: "no synchronous read",
    tags: "no tags",
  },
  create({ maxEntries, ttlMs, staleMs, refresh }) {
    // One map instead of sixteen spares a hash of the key per call; clones are off, as for everybody else.
    const store = createKeyv({ lruSize: maxEntries, useClone: false, storeHashSize: 1 });
    // It has no time after the ttl, only a threshold before its end.
    const cache = createCache({ stores: [store], ttl: ttlMs + staleMs, refreshThreshold: staleMs });
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      getOrRefresh: (key) => cache.wrap(key, refresh),
      close: () => cache.disconnect(),
    };
  },
};
