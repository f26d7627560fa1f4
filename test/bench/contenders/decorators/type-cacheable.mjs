// type-cacheable over lru-cache.

import { createRequire } from "node:module";
import { LRUCache } from "lru-cache";
import { decorated } from "./decorate.mjs";

const require = createRequire(import.meta.url);
const { Cacheable } = require("@type-cacheable/core");
const { useAdapter } = require("@type-cacheable/lru-cache-adapter");

export const contender = {
  name: "type-cacheable",
  create({ maxEntries, ttlMs, load }) {
    useAdapter(new LRUCache({ max: maxEntries, ttl: ttlMs }));
    return decorated(load, Cacheable({ cacheKey: ([id]) => `product:${id}`, ttlSeconds: ttlMs / 1_000 }));
  },
};
