// lru-cache with its own read-through: fetch() joins concurrent callers and can serve stale values.

import { LRUCache } from "lru-cache";

export const contender = {
  name: "lru-cache fetch()",
  packages: ["lru-cache"],
  imports: ["lru-cache"],
  lacks: {
    get: "as lru-cache",
    getSync: "as lru-cache",
    set: "as lru-cache",
    memory: "as lru-cache",
    import: "as lru-cache",
    tags: "no tags",
  },
  create({ maxEntries, ttlMs, refresh }) {
    // Its stale window has no end: an entry stays until it is evicted.
    const lru = new LRUCache({ max: maxEntries, ttl: ttlMs, allowStale: true, fetchMethod: refresh });
    return {
      getOrRefresh: (key) => lru.fetch(key),
      set: async (key, value) => {
        lru.set(key, value);
      },
    };
  },
};
