// node-ts-cache over its memory storage, which has no bound.

import { createRequire } from "node:module";
import { decorated } from "./decorate.mjs";

const require = createRequire(import.meta.url);
const { Cache, CacheContainer } = require("node-ts-cache");
const { MemoryStorage } = require("node-ts-cache-storage-memory");

export const contender = {
  name: "node-ts-cache",
  notes: { "decorated-hit": "no bound" },
  create({ ttlMs, load }) {
    const calculateKey = ({ args: [id] }) => `product:${id}`;
    return decorated(load, Cache(new CacheContainer(new MemoryStorage()), { ttl: ttlMs / 1_000, calculateKey }));
  },
};
