// async-cache-dedupe, memory storage; references, its tags, only where the row asks for a tag.

import { createCache } from "async-cache-dedupe";

export const contender = {
  name: "async-cache-dedupe",
  packages: ["async-cache-dedupe"],
  imports: ["async-cache-dedupe"],
  lacks: {
    getSync: "no synchronous read",
  },
  create({ maxEntries, ttlMs, staleMs, tag, refresh }) {
    const ttl = ttlMs / 1_000;
    const cache = createCache({
      ttl,
      stale: staleMs / 1_000,
      storage: { type: "memory", options: { size: maxEntries, invalidation: tag !== undefined } },
    });
    cache.define("user", tag === undefined ? {} : { references: () => [tag] }, refresh ?? (async () => undefined));
    if (refresh) return { getOrRefresh: (key) => cache.user(key) };
    return {
      get: (key) => cache.get("user", key),
      set: (key, value) => cache.set("user", key, value, ttl),
    };
  },
};
