// cacheable over @keyv/redis, which brings a client of its own: node-redis, which always pipelines.

import { createKeyv as createRedisKeyv } from "@keyv/redis";
import { Cacheable, createKeyv } from "cacheable";

export const contender = {
  name: "cacheable",
  lacks: {
    stale: "no stale values",
  },
  async create({ url, name, memoryEntries, ttlMs, refresh }) {
    const open = (namespace) => openCache({ url, namespace, memoryEntries, ttlMs });
    const cache = open(name);
    // It has no namespaces within a cache: each is a cache of its own.
    const namespaces = new Map();
    const within = (namespace) => {
      if (!namespaces.has(namespace)) namespaces.set(namespace, open(namespace));
      return namespaces.get(namespace);
    };
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value),
      getOrRefresh: (key) => cache.getOrSet(key, refresh),
      setIn: (namespace, key, value) => within(namespace).set(key, value),
      getIn: (namespace, key) => within(namespace).get(key),
      clearNamespace: (namespace) => within(namespace).clear(),
      close: () => Promise.all([cache, ...namespaces.values()].map((each) => each.disconnect())),
    };
  },
};

function openCache({ url, namespace, memoryEntries, ttlMs }) {
  const remote = createRedisKeyv(url, { namespace });
  if (memoryEntries === 0) return new Cacheable({ primary: remote, ttl: ttlMs });
  const primary = createKeyv({ ttl: ttlMs, lruSize: memoryEntries, useClone: false, storeHashSize: 1 });
  return new Cacheable({ primary, secondary: remote, ttl: ttlMs });
}
