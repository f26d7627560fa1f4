// The SQLite that is there: Node's own or, on releases without it, the package that stands in for it.

import { createRequire } from "node:module";
import { CacheError } from "../errors.ts";

/** What SQLite stores. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/** The part of `StatementSync` that the tier uses. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
  /** Not every release has these two; where they are, their defaults are what the tier needs. */
  setReadBigInts?(isWanted: boolean): void;
  setReturnArrays?(isWanted: boolean): void;
}

/** The part of `DatabaseSync` that the tier uses: that of `node:sqlite`, or of a package with the same interface. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** Opens the database of a path, or makes it. */
export type SqliteDriver = new (path: string) => SqliteDatabase;

interface SqliteModule {
  readonly DatabaseSync: SqliteDriver;
}

const PACKAGE = "@photostructure/sqlite";

/**
 * Loads it, when a tier is opened and not before.
 * @param label of the tier, for messages
 * @throws CacheError `unavailable`: neither is there
 */
export function loadDriver(label: string): SqliteDriver {
  const builtin = process.getBuiltinModule("node:sqlite") as unknown as SqliteModule | undefined;
  if (builtin !== undefined) return builtin.DatabaseSync;
  try {
    // Required, not imported: it is there at once or not at all.
    return (createRequire(import.meta.url)(PACKAGE) as SqliteModule).DatabaseSync;
  } catch (cause) {
    const rule = `Node.js 22.13 or newer, or the package ${PACKAGE} (npm install ${PACKAGE})`;
    throw new CacheError("unavailable", `${label} needs ${rule}; this is Node.js ${process.versions.node}`, { cause });
  }
}
