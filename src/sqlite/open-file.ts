// Opening the file of a cache: made if there is none, made anew if it cannot be used.

import { CacheError } from "../errors.ts";
import type { SqliteDatabase, SqliteDriver } from "./driver.ts";
import { failureKind } from "./failure.ts";
import { exclusively, fileId, followLinks, makeDirectory, moveAside, moveLogAside, type FileId } from "./file.ts";
import { beginAnew, configure, configureNew, create, inspect, isAdopted } from "./schema.ts";
import type { SqliteTarget } from "./settings.ts";

/** An open database whose tables are there. */
export interface OpenDatabase {
  readonly database: SqliteDatabase;
  /** The files it consists of, where it is made of files. */
  readonly files: DatabaseFiles | undefined;
}

/** Which files a connection has open: another one of the same name is another database. */
export interface DatabaseFiles {
  /** Where the path of the tier has led, without links. The others are beside this. */
  readonly path: string;
  readonly main: FileId;
  readonly log: FileId;
  /** By which all that have it open find what is in the log, and lock each other out. */
  readonly index: FileId;
}

/** What is known of the file before it is opened. */
export interface Suspicion {
  /** This very file has been found damaged, or has lost its log, and with that what was written last, or the index of it. */
  readonly damaged: FileId;
  /** This log is of a file that was replaced: another one must not be read with it. */
  readonly strayLog: FileId;
}

export const NO_SUSPICION: Suspicion = { damaged: undefined, strayLog: undefined };

/** Says that a file is of no use to this release. */
class Unusable extends Error {
  readonly state: "older" | "damaged";

  constructor(state: "older" | "damaged", cause?: unknown) {
    super(`the file is ${state}`, { cause });
    this.state = state;
  }
}

/**
 * Opens it. @param label of the tier, for messages
 * @throws CacheError `unavailable` for what is not ours to touch; else what SQLite or the system throws
 */
export function openDatabase(
  target: SqliteTarget,
  Driver: SqliteDriver | undefined,
  label: string,
  { damaged, strayLog }: Suspicion,
): OpenDatabase {
  if (target.kind === "database") return { database: prepareTables(target.database, label), files: undefined };
  if (Driver === undefined) throw new TypeError("a file needs something that opens it");
  if (target.kind === "memory") return { database: prepareTables(new Driver(":memory:"), label), files: undefined };
  const path = followLinks(target.path);
  makeDirectory(path);
  if (isStray(path, strayLog)) {
    exclusively(path, Driver, () => {
      if (isStray(path, strayLog)) moveLogAside(path);
    });
  }
  if (damaged !== undefined && damaged === fileId(path)) return remake(path, Driver, label, damaged, "damaged");
  const seen = fileId(path);
  try {
    return openFile(path, Driver, label);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return remake(path, Driver, label, seen, error.state);
  }
}

/** Whether a log that is not of this file lies beside it. One of a file that is new, or gone, SQLite removes by itself. */
function isStray(path: string, strayLog: FileId): boolean {
  return strayLog !== undefined && fileId(path) !== undefined && fileId(`${path}-wal`) === strayLog;
}

/** Of several processes that find the same file unusable, one moves it aside; the others open what has come in its place. */
function remake(path: string, Driver: SqliteDriver, label: string, seen: FileId, state: string): OpenDatabase {
  return exclusively(path, Driver, () => {
    moveAside(path, seen, state);
    try {
      return openFile(path, Driver, label);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      throw new CacheError("unavailable", `the file of ${label} is ${error.state} again`, { cause: error.cause });
    }
  });
}

function openFile(path: string, Driver: SqliteDriver, label: string): OpenDatabase {
  const before = fileId(path);
  const database = new Driver(path);
  try {
    prepareTables(database, label);
    const files = { path, main: fileId(path), log: fileId(`${path}-wal`), index: fileId(`${path}-shm`) };
    if (before === undefined || before === files.main) return { database, files };
    throw new CacheError("unavailable", `the file of ${label} was replaced while it was opened`);
  } catch (error) {
    database.close();
    throw failureKind(error) === "damaged" ? new Unusable("damaged", error) : error;
  }
}

function prepareTables(database: SqliteDatabase, label: string): SqliteDatabase {
  const state = inspect(database, label);
  if (state === "older") throw new Unusable("older");
  if (state === "new") configureNew(database);
  configure(database);
  // Most often there is nothing to write, and no lock to wait for.
  if (state === "new" || !isAdopted(database)) writeTables(database, label);
  return database;
}

function writeTables(database: SqliteDatabase, label: string): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    // Again: another process may have made them in the meantime.
    const state = inspect(database, label);
    if (state === "older") throw new Unusable("older");
    if (state === "new") create(database);
    else if (!isAdopted(database)) beginAnew(database);
    database.exec("COMMIT");
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** What has gone wrong says more than that nothing could be undone. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has done it by itself.
  }
}
