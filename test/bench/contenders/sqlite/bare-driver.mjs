// The limit: the driver, one table and JSON, written as one would by hand. Nothing else.

import { loadDriver } from "./driver.mjs";

const { DatabaseSync, name } = await loadDriver();

const TABLE =
  "CREATE TABLE entries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, ends_at REAL NOT NULL, value TEXT NOT NULL)";
const PUT = `INSERT INTO entries (key, ends_at, value) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET ends_at = excluded.ends_at, value = excluded.value`;

export const contender = {
  name,
  async create({ file, ttlMs }) {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec(TABLE);
    const find = database.prepare("SELECT ends_at, value FROM entries WHERE key = ?");
    const put = database.prepare(PUT);
    const begin = database.prepare("BEGIN IMMEDIATE");
    const commit = database.prepare("COMMIT");
    return {
      get: async (key) => {
        const row = find.get(key);
        return row !== undefined && row.ends_at > Date.now() ? JSON.parse(row.value) : undefined;
      },
      setAll: async (keys, values) => {
        const endsAt = Date.now() + ttlMs;
        begin.run();
        for (let i = 0; i < keys.length; i++) put.run(keys[i], endsAt, JSON.stringify(values[i]));
        commit.run();
      },
      close: () => database.close(),
    };
  },
};
