// The table of messages: what processes tell each other, kept for as long as somebody may not have read it.

import type { BusMessage } from "../contracts/bus.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { writeMessage } from "./message.ts";
import { prepare } from "./statement.ts";

/** How long a message is kept, at least while there are no more than so many. */
const KEEP_MS: Milliseconds = 60_000;
const KEEP_ROWS = 20_000;

/** A message as it was written. */
export interface LogRow {
  readonly id: number;
  readonly root: string;
  readonly publisher: string;
  readonly message: string;
}

/** Prepared statements on the log of one connection. */
export class LogTable {
  readonly #append: SqliteStatement;
  readonly #after: SqliteStatement;
  readonly #newest: SqliteStatement;
  readonly #oldest: SqliteStatement;
  readonly #delete: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    this.#append = sql("INSERT INTO log (at, root, publisher, message) VALUES (?, ?, ?, ?)");
    this.#after = sql("SELECT id, root, publisher, message FROM log WHERE id > ? ORDER BY id LIMIT ?");
    this.#newest = sql("SELECT coalesce(max(id), 0) AS id FROM log");
    this.#oldest = sql("SELECT id, at FROM log ORDER BY id LIMIT 1");
    this.#delete = sql("DELETE FROM log WHERE id < min(?, (SELECT max(id) FROM log)) AND (at <= ? OR id <= ?)");
  }

  append(root: string, publisher: string, message: BusMessage, now: Instant): void {
    this.#append.run(now, root, publisher, writeMessage(message));
  }

  /** The messages that follow one, in order. */
  after(id: number, atMost: number): readonly LogRow[] {
    return this.#after.all(id, atMost) as LogRow[];
  }

  /** The id of the last message; 0 before the first. */
  get newest(): number {
    return (this.#newest.get() as { readonly id: number }).id;
  }

  /** Whether there is something to be trimmed. */
  isLong(now: Instant): boolean {
    const oldest = this.#oldest.get() as { readonly id: number; readonly at: Instant } | undefined;
    if (oldest === undefined) return false;
    const { newest } = this;
    // The last one stays: it is how readers see that nothing is missing.
    return oldest.id < newest && (oldest.at <= now - KEEP_MS || newest - oldest.id >= KEEP_ROWS);
  }

  /** Removes the oldest of those too many or too old, at most so many. */
  trim(now: Instant, atMost: number): void {
    const oldest = this.#oldest.get() as { readonly id: number } | undefined;
    if (oldest !== undefined) this.#delete.run(oldest.id + atMost, now - KEEP_MS, this.newest - KEEP_ROWS);
  }
}
