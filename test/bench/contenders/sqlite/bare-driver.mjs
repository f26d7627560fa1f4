// The limit: the driver, one table and JSON, written as one would by hand. Nothing else.

import { loadDriver } from "./driver.mjs";

const { DatabaseSync, name } = await loadDriver();

const JSON_TEXT = { type: "TEXT", encode: JSON.stringify, decode: JSON.parse };
const PUT = `INSERT INTO entries (key, ends_at, value) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET ends_at = excluded.ends_at, value = excluded.value`;

export const contender = {
  name,
  create: (options) => openBare(options, JSON_TEXT),
};

/** @param {{ type: string, encode: (value: object) => unknown, decode: (stored: any) => object }} payload */
export async function openBare({ file, ttlMs }, { type, encode, decode }) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  database.exec(
    `CREATE TABLE entries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, ends_at REAL NOT NULL, value ${type} NOT NULL)`,
  );
  const find = database.prepare("SELECT ends_at, value FROM entries WHERE key = ?");
  const put = database.prepare(PUT);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  return {
    get: async (key) => {
      const row = find.get(key);
      return row !== undefined && row.ends_at > Date.now() ? decode(row.value) : undefined;
    },
    setAll: async (keys, values) => {
      const endsAt = Date.now() + ttlMs;
      begin.run();
      for (let i = 0; i < keys.length; i++) put.run(keys[i], endsAt, encode(values[i]));
      commit.run();
    },
    close: () => database.close(),
  };
}
