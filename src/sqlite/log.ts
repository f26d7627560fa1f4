// The table of messages: what processes tell each other, kept for as long as somebody may not have read it.

import type { BusMessage } from "../contracts/bus.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { writeMessages } from "./message.ts";
import { prepare } from "./statement.ts";

/** How long a message is kept, at least while there are no more than so many. */
const KEEP_MS: Milliseconds = 60_000;
const KEEP_ROWS = 20_000;

/** What one process has said within one transaction. */
export interface LogRow {
  /** Of the last of its messages. */
  readonly id: number;
  /** How many they are. */
  readonly messages: number;
  /** When they were written, by the authority's clock. */
  readonly at: Instant;
  readonly root: string;
  readonly publisher: string;
  /** As text, or, of what this connection has said itself, as it was said. */
  readonly message: string | readonly BusMessage[];
  /** What is news to the one who has said it, too; absent where that is not known. */
  readonly news?: readonly BusMessage[];
}

/** What is to become a row. */
interface Unwritten {
  readonly root: string;
  readonly publisher: string;
  readonly at: Instant;
  readonly said: BusMessage[];
  readonly news: BusMessage[];
}

/** Prepared statements on the log of one connection. Ids are those of messages, of which a row may hold many. */
export class LogTable {
  readonly #append: SqliteStatement;
  readonly #after: SqliteStatement;
  readonly #newest: SqliteStatement;
  readonly #oldest: SqliteStatement;
  readonly #delete: SqliteStatement;
  #unwritten: Unwritten[] = [];

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    // Counted on from the last one, which is never removed.
    const last = "coalesce((SELECT max(id) FROM log), 0)";
    this.#append = sql(
      `INSERT INTO log (id, messages, at, root, publisher, message) VALUES (${last} + ?1, ?1, ?2, ?3, ?4, ?5)`,
    );
    this.#after = sql("SELECT id, messages, at, root, publisher, message FROM log WHERE id > ? ORDER BY id LIMIT ?");
    this.#newest = sql("SELECT coalesce(max(id), 0) AS id FROM log");
    this.#oldest = sql("SELECT id, at FROM log ORDER BY id LIMIT 1");
    this.#delete = sql("DELETE FROM log WHERE id < min(?, (SELECT max(id) FROM log)) AND (at <= ? OR id <= ?)");
  }

  /**
   * Adds a message, which is written when the transaction ends: a row for each takes longer than all but the entry itself.
   * @param isNews whether who says it is to hear it as well
   */
  append(root: string, publisher: string, message: BusMessage, now: Instant, isNews = true): void {
    let last = this.#unwritten.at(-1);
    if (last === undefined || last.root !== root || last.publisher !== publisher) {
      last = { root, publisher, at: now, said: [], news: [] };
      this.#unwritten.push(last);
    }
    last.said.push(message);
    if (isNews) last.news.push(message);
  }

  /** Writes what has been added, and answers with its rows. To be called before the transaction is committed. */
  write(): readonly LogRow[] {
    const rows = this.#unwritten.map(({ root, publisher, at, said, news }) => {
      const { lastInsertRowid } = this.#append.run(said.length, at, root, publisher, writeMessages(said));
      return { id: Number(lastInsertRowid), messages: said.length, at, root, publisher, message: said, news };
    });
    this.forget();
    return rows;
  }

  /** Another transaction begins: what an earlier one has not written does not count. */
  forget(): void {
    if (this.#unwritten.length > 0) this.#unwritten = [];
  }

  /** The rows that follow a message, in order. */
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
