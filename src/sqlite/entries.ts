// The table of entries: frames by full key, with their end and when they were used last.

import type { Instant } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { columnsOf, prepare, prepareQuick } from "./statement.ts";

/** Bytes that an entry takes besides its key and frame, about: its row, and its places in three indexes. */
const OVERHEAD_BYTES = 100;
/** What stands for a frame of no bytes, which some drivers give as `null`, and for what another program has put there. */
const NOTHING = new Uint8Array();
/** Keys that one step of a listing reads. */
const PAGE = 500;

/** Removes some rows: SQLite need not be built with a LIMIT for DELETE. */
function removeSome(which: string): string {
  return `DELETE FROM entries WHERE id IN (SELECT id FROM entries ${which} LIMIT ?)`;
}

/** A row, as a read needs it. */
export interface FoundEntry {
  readonly id: number;
  readonly endsAt: Instant;
  readonly usedAt: Instant;
  readonly frame: Uint8Array;
}

/** What an entry of this key and frame counts for. */
function sizeOfEntry(key: string, frame: Uint8Array): number {
  return key.length + frame.length + OVERHEAD_BYTES;
}

/** Prepared statements on the entries of one connection. What has ended counts as gone, though its row may be there. */
export class EntryTable {
  readonly #find: SqliteStatement;
  readonly #head: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #delete: SqliteStatement;
  readonly #rewrite: SqliteStatement;
  readonly #page: SqliteStatement;
  readonly #touch: SqliteStatement;
  readonly #hasEnded: SqliteStatement;
  readonly #deleteEnded: SqliteStatement;
  readonly #deleteOldest: SqliteStatement;
  readonly #deleteGarbage: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    this.#find = prepareQuick(database, "SELECT id, ends_at, used_at, frame FROM entries WHERE key = ?");
    this.#head = sql("SELECT substr(frame, 1, ?) AS head FROM entries WHERE key = ? AND ends_at > ?");
    this.#put = sql(
      `INSERT INTO entries (key, ends_at, used_at, bytes, frame) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE
       SET ends_at = excluded.ends_at, used_at = excluded.used_at, bytes = excluded.bytes, frame = excluded.frame`,
    );
    this.#delete = sql("DELETE FROM entries WHERE key = ? RETURNING ends_at AS endsAt");
    this.#rewrite = sql("UPDATE entries SET frame = ? WHERE id = ?");
    this.#page = sql(`SELECT key FROM entries WHERE key >= ? AND key <> ? AND ends_at > ? ORDER BY key LIMIT ${PAGE}`);
    this.#touch = sql("UPDATE entries SET used_at = ? WHERE id = ?");
    this.#hasEnded = sql("SELECT 1 FROM entries WHERE ends_at <= ? LIMIT 1");
    this.#deleteEnded = sql(removeSome("WHERE ends_at <= ?"));
    this.#deleteOldest = sql(removeSome("ORDER BY used_at"));
    this.#deleteGarbage = sql(removeSome("WHERE id <= ?"));
  }

  find(key: string, now: Instant): FoundEntry | undefined {
    const row = this.#find.get(key);
    if (row === undefined) return undefined;
    const [id, endsAt, usedAt, frame] = columnsOf(row) as [number, Instant, Instant, unknown];
    if (endsAt <= now) return undefined;
    return { id, endsAt, usedAt, frame: frame instanceof Uint8Array ? frame : NOTHING };
  }

  /** The first bytes of a frame. */
  head(key: string, bytes: number, now: Instant): Uint8Array | undefined {
    const head = (this.#head.get(bytes, key, now) as { readonly head: unknown } | undefined)?.head;
    return head instanceof Uint8Array ? head : undefined;
  }

  put(key: string, frame: Uint8Array, endsAt: Instant, now: Instant): void {
    this.#put.run(key, endsAt, now, sizeOfEntry(key, frame), frame);
  }

  /** Answers whether there was one. */
  remove(key: string, now: Instant): boolean {
    const removed = this.#delete.get(key) as { readonly endsAt: Instant } | undefined;
    return removed !== undefined && removed.endsAt > now;
  }

  /** Another frame of the same length in place of a found one. */
  rewrite(id: number, frame: Uint8Array): void {
    this.#rewrite.run(frame, id);
  }

  /** Notes that an entry has been used. */
  touch(id: number, now: Instant): void {
    this.#touch.run(now, id);
  }

  /** Some keys that start with a prefix and follow `after` (at first ""), in the order of their bytes. */
  page(prefix: string, after: string, now: Instant): { readonly keys: readonly string[]; readonly isLast: boolean } {
    const found = this.#page.all(after === "" ? prefix : after, after, now) as { readonly key: string }[];
    const keys = found.map(({ key }) => key).filter((key) => key.startsWith(prefix));
    return { keys, isLast: keys.length < PAGE };
  }

  hasEnded(now: Instant): boolean {
    return this.#hasEnded.get(now) !== undefined;
  }

  /** Answers how many it has removed: at most so many. */
  removeEnded(now: Instant, atMost: number): number {
    return Number(this.#deleteEnded.run(now, atMost).changes);
  }

  /** The same of those that have not been used for the longest. */
  removeOldest(atMost: number): number {
    return Number(this.#deleteOldest.run(atMost).changes);
  }

  /** The same of those up to an id. */
  removeGarbage(upTo: number, atMost: number): number {
    return Number(this.#deleteGarbage.run(upTo, atMost).changes);
  }
}
