// Keyv over @keyv/sqlite, as it comes: its journal is not a write-ahead log, and each set is a transaction.

import KeyvSqlite from "@keyv/sqlite";
import Keyv from "keyv";

export const contender = {
  name: "@keyv/sqlite",
  lacks: {},
  async create({ file, ttlMs }) {
    const keyv = new Keyv({ store: new KeyvSqlite(`sqlite://${file}`), ttl: ttlMs });
    return {
      get: (key) => keyv.get(key),
      setAll: (keys, values) => Promise.all(keys.map((key, i) => keyv.set(key, values[i]))),
      close: () => keyv.disconnect(),
    };
  },
};
