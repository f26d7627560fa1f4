// The tables of a cache file, and what a file is that is opened: ours, new, of another release, or something else.

import { CacheError } from "../errors.ts";
import { randomBytes } from "../model/random.ts";
import type { SqliteDatabase } from "./driver.ts";
import { isOfThisBoot, newClockRecord, type ClockRecord } from "./host-clock.ts";
import { prepare } from "./statement.ts";

/** Marks the files of this library among those of SQLite: "FRTR". */
export const APPLICATION_ID = 0x46525452;
/** Of the tables below. A file of an older one is moved aside and made anew; one of a newer one is left alone. */
export const SCHEMA_VERSION = 3;

/**
 * Rows and bytes are counted by triggers, so that they are right whatever removes or resizes them. New ones are counted by who
 * brings them (`entries.ts`): with a trigger for that, SQLite puts all that a statement of several rows brings into a
 * table of its own first, which takes a quarter of a write. Instants are milliseconds by the authority's clock.
 *
 * Entries are filed by their end and by their last use, under instants that are never later than those: a write changes
 * no index but that of new keys, and who comes upon an entry that is filed too early files it anew. See `entries.ts`.
 *
 * A row of the log holds all that one process has said within one transaction, and its id counts messages, not rows. They
 * have no gaps: who finds one knows that it has missed something. The last row is never removed, so no id is given twice.
 */
const TABLES = `
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  identity TEXT NOT NULL,
  boot TEXT NOT NULL,
  offset_ms REAL NOT NULL,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  garbage_to INTEGER NOT NULL
);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  ends_at REAL NOT NULL,
  used_at REAL NOT NULL,
  filed_end REAL NOT NULL DEFAULT 0,
  filed_use REAL NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL,
  frame BLOB NOT NULL
);
CREATE INDEX entries_by_end ON entries (filed_end);
CREATE INDEX entries_by_use ON entries (filed_use);
CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
  UPDATE meta SET entries = entries - 1, bytes = bytes - OLD.bytes;
END;
CREATE TRIGGER entries_resized AFTER UPDATE OF bytes ON entries WHEN NEW.bytes <> OLD.bytes BEGIN
  UPDATE meta SET bytes = bytes + NEW.bytes - OLD.bytes;
END;
CREATE TABLE leases (key TEXT NOT NULL PRIMARY KEY, token TEXT NOT NULL, ends_at REAL NOT NULL);
CREATE TABLE epochs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  hard TEXT NOT NULL,
  soft TEXT NOT NULL,
  since REAL NOT NULL
);
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  messages INTEGER NOT NULL DEFAULT 1,
  at REAL NOT NULL,
  root TEXT NOT NULL,
  publisher TEXT NOT NULL,
  message TEXT NOT NULL
);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** What a file holds. */
export type FileState = "new" | "ours" | "older";

/**
 * Looks at it. Another program's database, and one of a newer release that other processes may be using, are left alone.
 * @throws CacheError `unavailable` for those; whatever SQLite throws of a damaged file
 */
export function inspect(database: SqliteDatabase, label: string): FileState {
  const application = numberOf(database, "PRAGMA application_id");
  const version = numberOf(database, "PRAGMA user_version");
  if (application === APPLICATION_ID) {
    if (version === SCHEMA_VERSION) return "ours";
    if (version < SCHEMA_VERSION) return "older";
    const known = `this one knows ${SCHEMA_VERSION}, the file has ${version}`;
    throw new CacheError("unavailable", `the file of ${label} was made by a newer release of freshtier: ${known}`);
  }
  const tables = numberOf(database, "SELECT count(*) FROM sqlite_master");
  if (application === 0 && version === 0 && tables === 0) return "new";
  throw new CacheError("unavailable", `the file of ${label} is the database of another program, and is left alone`);
}

/** Before the first write, or it has no effect: space that becomes free can be given back in small steps. */
export function configureNew(database: SqliteDatabase): void {
  database.exec("PRAGMA auto_vacuum = 2");
}

/**
 * Pages of the write-ahead log after which it is copied into the file, and the bytes that it may keep: 16 MiB both. Copying waits
 * for the disk, within the commit that it falls to; with SQLite's own 1,000 pages a `set` takes a fifth more time.
 */
const LOG_PAGES = 4_096;
const LOG_BYTES = LOG_PAGES * 4_096;

/** Once for every connection. It never waits for a lock: that would stop the event loop. */
export function configure(database: SqliteDatabase): void {
  database.exec("PRAGMA busy_timeout = 0");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
  database.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}; PRAGMA journal_size_limit = ${LOG_BYTES}`);
}

/** Makes the tables, within a transaction. */
export function create(database: SqliteDatabase): void {
  database.exec(TABLES);
  const { boot, offsetMs } = newClockRecord();
  database
    .prepare(
      "INSERT INTO meta (id, identity, boot, offset_ms, entries, bytes, garbage_to) VALUES (1, ?, ?, ?, 0, 0, 0)",
    )
    .run(newIdentity(), boot, offsetMs);
}

/**
 * Whether what the file says is of this run of the host. If not, what was written last may have been lost,
 * invalidations among it: writes are not forced to the disk one by one.
 */
export function isAdopted(database: SqliteDatabase): boolean {
  const record = prepare(database, "SELECT boot, offset_ms AS offsetMs FROM meta").get() as ClockRecord | undefined;
  return record !== undefined && isOfThisBoot(record);
}

/**
 * From now on it is another authority, which believes nothing of what it held: its entries are garbage, to be removed in
 * small steps, and their epochs gone. So a loss of any kind costs misses, never old values.
 */
export function beginAnew(database: SqliteDatabase): void {
  database.exec("DELETE FROM epochs; DELETE FROM leases; DELETE FROM log WHERE id < (SELECT max(id) FROM log)");
  const { boot, offsetMs } = newClockRecord();
  const garbage = "(SELECT coalesce(max(id), 0) FROM entries)";
  database
    .prepare(`UPDATE meta SET identity = ?, boot = ?, offset_ms = ?, garbage_to = ${garbage}`)
    .run(newIdentity(), boot, offsetMs);
}

function newIdentity(): string {
  return randomBytes(12).toString("base64url");
}

function numberOf(database: SqliteDatabase, sql: string): number {
  const row = prepare(database, sql).get() as Record<string, number | bigint>;
  return Number(Object.values(row)[0]);
}
