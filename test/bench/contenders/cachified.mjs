// cachified over lru-cache, with the adapter that its documentation shows.

import { cachified, totalTtl } from "@epic-web/cachified";
import { LRUCache } from "lru-cache";

export const contender = {
  name: "cachified",
  packages: ["@epic-web/cachified"],
  imports: ["@epic-web/cachified", "lru-cache"],
  lacks: {
    get: "no read without a refresh function",
    getSync: "no synchronous read",
    set: "no set: refreshes fill it",
    tags: "no tags",
  },
  create({ maxEntries, ttlMs, staleMs, refresh }) {
    const lru = new LRUCache({ max: maxEntries });
    const cache = {
      get: (key) => lru.get(key),
      set: (key, entry) => lru.set(key, entry, { ttl: totalTtl(entry.metadata), start: entry.metadata.createdTime }),
      delete: (key) => lru.delete(key),
    };
    return {
      getOrRefresh: (key) =>
        cachified({ key, cache, getFreshValue: refresh, ttl: ttlMs, staleWhileRevalidate: staleMs }),
    };
  },
};
