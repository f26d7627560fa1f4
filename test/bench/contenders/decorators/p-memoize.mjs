// p-memoize over lru-cache: a function in front of a function.

import { LRUCache } from "lru-cache";
import pMemoize from "p-memoize";

export const contender = {
  name: "p-memoize",
  notes: { "decorated-hit": "a function, no decorator" },
  create({ maxEntries, ttlMs, load }) {
    const cache = new LRUCache({ max: maxEntries, ttl: ttlMs });
    return { product: pMemoize(async (id) => load(id), { cache }) };
  },
};
