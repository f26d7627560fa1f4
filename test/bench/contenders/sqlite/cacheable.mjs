// cacheable over @keyv/sqlite, without memory in front.

import { createKeyv } from "@keyv/sqlite";
import { Cacheable } from "cacheable";

export const contender = {
  name: "cacheable",
  lacks: {},
  async create({ file, ttlMs }) {
    const cache = new Cacheable({ primary: createKeyv(`sqlite://${file}`), ttl: ttlMs });
    return {
      get: (key) => cache.get(key),
      setAll: (keys, values) => cache.setMany(keys.map((key, i) => ({ key, value: values[i] }))),
      close: () => cache.disconnect(),
    };
  },
};
