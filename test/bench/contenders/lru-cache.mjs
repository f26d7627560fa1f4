// The limit: lru-cache with a ttl and nothing around it but what the row's limit says.

import { LRUCache } from "lru-cache";

export const contender = {
  name: "lru-cache",
  packages: ["lru-cache"],
  imports: ["lru-cache"],
  isLimit: true,
  lacks: {
    stale: "see lru-cache fetch()",
  },
  create({ maxEntries, ttlMs, refresh }) {
    const lru = new LRUCache({ max: maxEntries, ttl: ttlMs });
    return {
      get: async (key) => lru.get(key),
      getSync: (key) => lru.get(key),
      set: async (key, value) => {
        lru.set(key, value);
      },
      getOrRefresh: async (key) => {
        const known = lru.get(key);
        if (known !== undefined) return known;
        const value = await refresh();
        lru.set(key, value);
        return value;
      },
    };
  },
};
