// Everything that one connection can ask of the file, at once and without waiting: its tables, and its own record.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { EntryTable, type NewEntry } from "./entries.ts";
import { EpochTable } from "./epochs.ts";
import { aheadMs, hostNow } from "./host-clock.ts";
import { LeaseTable } from "./leases.ts";
import { LogTable, type LogRow } from "./log.ts";
import { SharedLook } from "./shared-look.ts";
import { prepare } from "./statement.ts";

/** What the file says of itself. */
export interface FileRecord {
  /** Random, made with the file. */
  readonly identity: string;
  /** Of the authority's clock: see `host-clock.ts`. */
  readonly offsetMs: Milliseconds;
  readonly entries: number;
  readonly bytes: number;
  /** Entries up to this id are of no use any more. */
  readonly garbageTo: number;
}

/** The tables of an open file. Statements are prepared once. */
export class SqliteStore {
  readonly entries: EntryTable;
  readonly leases: LeaseTable;
  readonly epochs: EpochTable;
  readonly log: LogTable;
  /** What reads of one turn have in common; ended by every write. */
  readonly look: SharedLook;
  readonly #database: SqliteDatabase;
  readonly #record: SqliteStatement;
  readonly #version: SqliteStatement;
  readonly #moveClock: SqliteStatement;
  readonly #freePages: SqliteStatement;
  readonly #noGarbage: SqliteStatement;
  readonly #lessGarbage: SqliteStatement;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollBack: SqliteStatement;
  #offsetMs: Milliseconds = 0;
  #garbageTo = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.entries = new EntryTable(database);
    this.leases = new LeaseTable(database);
    this.epochs = new EpochTable(database);
    this.log = new LogTable(database);
    this.#record = prepare(
      database,
      "SELECT identity, offset_ms AS offsetMs, entries, bytes, garbage_to AS garbageTo FROM meta",
    );
    this.#version = prepare(database, "PRAGMA data_version");
    this.#moveClock = prepare(database, "UPDATE meta SET offset_ms = max(offset_ms, ?)");
    this.#freePages = prepare(database, "PRAGMA freelist_count");
    this.#noGarbage = prepare(database, "UPDATE meta SET garbage_to = 0 WHERE garbage_to = ?");
    this.#lessGarbage = prepare(
      database,
      "UPDATE meta SET garbage_to = min(garbage_to, (SELECT coalesce(max(id), 0) FROM entries))",
    );
    this.#begin = prepare(database, "BEGIN IMMEDIATE");
    this.#commit = prepare(database, "COMMIT");
    this.#rollBack = prepare(database, "ROLLBACK");
    const beginLook = prepare(database, "BEGIN");
    this.look = new SharedLook(
      () => void beginLook.run(),
      () => this.rollBack(),
    );
  }

  /** What the file says of itself, read now. */
  get record(): FileRecord {
    const record = this.#record.get() as FileRecord;
    this.#offsetMs = record.offsetMs;
    this.#garbageTo = record.garbageTo;
    return record;
  }

  /** The present instant by the authority's clock, as the file said when its record was read last. */
  get now(): Instant {
    return hostNow(this.#offsetMs);
  }

  /** How far the clock on the wall is ahead of it. */
  get aheadMs(): Milliseconds {
    return aheadMs(this.#offsetMs);
  }

  /** A number that changes whenever another connection has committed something. */
  get dataVersion(): number {
    return (this.#version.get() as { readonly data_version: number }).data_version;
  }

  /** Pages of the file that hold nothing. */
  get freePages(): number {
    return (this.#freePages.get() as { readonly freelist_count: number }).freelist_count;
  }

  /** Moves the authority's clock on, never back. */
  moveClock(byMs: Milliseconds): void {
    this.#moveClock.run(this.#offsetMs + byMs);
  }

  /**
   * Puts entries, within a transaction that has read the record. What takes the place of garbage, or the id of garbage
   * that has gone, must not be taken for it.
   */
  put(entries: readonly NewEntry[], now: Instant): void {
    if (this.#garbageTo > 0) {
      for (const { key } of entries) this.entries.removeGarbageOf(key, this.#garbageTo);
      this.#lessGarbage.run();
    }
    this.entries.put(entries, now);
  }

  /** Notes that there is no garbage any more up to this id. */
  endGarbage(upTo: number): void {
    this.#noGarbage.run(upTo);
  }

  /** Gives empty pages at the end of the file back to the system, at most so many. */
  vacuum(pages: number): void {
    this.#database.exec(`PRAGMA incremental_vacuum(${pages})`);
  }

  begin(): void {
    this.look.end();
    this.#begin.run();
    this.leases.forget();
    this.log.forget();
  }

  /** Answers with what has been written to the log. */
  commit(): readonly LogRow[] {
    const rows = this.log.write();
    this.#commit.run();
    return rows;
  }

  /** After a failure there may be nothing to roll back any more. */
  rollBack(): void {
    try {
      this.#rollBack.run();
    } catch {
      // SQLite has done it.
    }
  }
}
