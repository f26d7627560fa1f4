// async-cache-dedupe, Redis storage. A cache of it has one storage: there is no memory in front of Redis.

import { createCache } from "async-cache-dedupe";
import { connect } from "./connect.mjs";

export const contender = {
  name: "async-cache-dedupe",
  notes: Object.fromEntries(["redis-refresh", "redis-stampede", "redis-stale"].map((id) => [id, "Redis alone"])),
  async create({ url, name, concurrent, ttlMs, staleMs, refresh }) {
    const client = await connect({ url, concurrent });
    const ttl = ttlMs / 1_000;
    const cache = createCache({ ttl, stale: staleMs / 1_000, storage: { type: "redis", options: { client } } });
    const absent = async () => undefined;
    cache.define(name, refresh ?? absent);
    const keyOf = (key) => `${name}~${key}`;
    // It has no namespaces within a function: each is a function of its own.
    const within = (namespace) => {
      if (!cache[namespace]) cache.define(namespace, absent);
      return namespace;
    };
    return {
      get: (key) => cache.get(name, keyOf(key)),
      set: refresh ? undefined : (key, value) => cache.set(name, keyOf(key), value, ttl),
      getOrRefresh: (key) => cache[name](key),
      setIn: (namespace, key, value) => cache.set(within(namespace), `${namespace}~${key}`, value, ttl),
      getIn: (namespace, key) => cache.get(within(namespace), `${namespace}~${key}`),
      clearNamespace: (namespace) => cache.clear(within(namespace)),
      close: () => client.disconnect(),
    };
  },
};
