// A connection of its own to the file of a cache: to look at it, hold its lock, and harm it, behind the back of the caches.

import { loadDriver, type SqliteDatabase, type SqliteValue } from "../../src/sqlite/driver.ts";

/** Opens a database as any program would. Whoever opens it closes it. */
export function openBare(path: string): SqliteDatabase {
  const Driver = loadDriver("the test");
  return new Driver(path);
}

/** Asks a file one thing. */
export function askFile(path: string, sql: string, ...values: SqliteValue[]): Record<string, SqliteValue>[] {
  const database = openBare(path);
  try {
    return database.prepare(sql).all(...values) as Record<string, SqliteValue>[];
  } finally {
    database.close();
  }
}

/** How often others have committed something, since the last time that this was asked. */
export function commitsOf(path: string): () => number {
  const database = openBare(path);
  // The driver closes a connection that nobody holds, whatever becomes of its statements.
  const held = { database, version: database.prepare("PRAGMA data_version") };
  const read = (): number => (held.version.get() as { readonly data_version: number }).data_version;
  let last = read();
  return () => {
    const before = last;
    last = read();
    return last - before;
  };
}
