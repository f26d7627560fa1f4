// The limit: ioredis and JSON, with nothing around them but what the row's limit says.

import { connect } from "./connect.mjs";

export const contender = {
  name: "ioredis",
  lacks: {
    stale: "no stale values",
    namespaces: "no namespaces",
  },
  notes: {
    "redis-stampede": "nothing against a stampede: what it would be without a cache that has it",
  },
  async create({ url, name, concurrent, ttlMs, refresh }) {
    const redis = await connect({ url, concurrent });
    const keyOf = (key) => `${name}:${key}`;
    const get = async (key) => {
      const bytes = await redis.getBuffer(keyOf(key));
      return bytes === null ? undefined : JSON.parse(bytes.toString());
    };
    const set = (key, value) => redis.set(keyOf(key), JSON.stringify(value), "PX", ttlMs);
    return {
      get,
      set,
      getOrRefresh: async (key) => {
        const known = await get(key);
        if (known !== undefined) return known;
        const value = await refresh();
        await set(key, value);
        return value;
      },
      close: () => redis.disconnect(),
    };
  },
};
