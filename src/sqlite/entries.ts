// The table of entries: frames by full key, with their end and when they were used last.

import type { Instant } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement, SqliteValue } from "./driver.ts";
import { columnsOf, prepare, prepareQuick } from "./statement.ts";

/** Bytes that an entry takes besides its key and frame, about: its row, and its places in three indexes. */
const OVERHEAD_BYTES = 100;
/** What stands for a frame of no bytes, which some drivers give as `null`, and for what another program has put there. */
const NOTHING = new Uint8Array();
/** Keys that one step of a listing reads. */
const PAGE = 500;
/** Entries that are filed anew at a time while those are looked for that have not been used for the longest; and how often: a millisecond. */
const REFILED = 64;
const MAX_REFILINGS = 4;

/** Rows that one statement puts: with more of them a row takes no less time, with fewer it takes more. */
const ROWS = 10;

/** Some rows: SQLite need not be built with a LIMIT for DELETE and UPDATE. */
function some(which: string): string {
  return `WHERE id IN (SELECT id FROM entries ${which} LIMIT ?)`;
}

/** A row, as a read needs it. */
export interface FoundEntry {
  readonly endsAt: Instant;
  readonly usedAt: Instant;
  readonly frame: Uint8Array;
}

/** A frame to be put. */
export interface NewEntry {
  readonly key: string;
  readonly frame: Uint8Array;
  readonly endsAt: Instant;
}

/** What an entry counts for. */
export function sizeOfEntry({ key, frame }: NewEntry): number {
  return key.length + frame.length + OVERHEAD_BYTES;
}

/** Puts so many rows. What is given is the present instant, and of each row its key, end, size and frame. */
function putRows(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => {
    const [key, endsAt, bytes, frame] = [2, 3, 4, 5].map((place) => `?${4 * row + place}`);
    return `(${key}, ${endsAt}, ?1, ${endsAt}, ?1, ${bytes}, ${frame})`;
  });
  return `INSERT INTO entries (key, ends_at, used_at, filed_end, filed_use, bytes, frame) VALUES ${values.join(", ")}
    ON CONFLICT (key) DO UPDATE
    SET ends_at = excluded.ends_at, used_at = excluded.used_at, bytes = excluded.bytes, frame = excluded.frame
    WHERE filed_end <= excluded.ends_at`;
}

/** Of two of one key in one statement SQLite would count the bytes of the first, and those by which the second differs, twice. */
function lastOfEachKey(entries: readonly NewEntry[]): readonly NewEntry[] {
  if (entries.length === 1) return entries;
  const byKey = new Map<string, NewEntry>();
  for (const entry of entries) byKey.set(entry.key, entry);
  return byKey.size === entries.length ? entries : [...byKey.values()];
}

/**
 * Prepared statements on the entries of one connection. What has ended counts as gone, though its row may be there.
 *
 * To keep the order of ends and of uses exact, every write would have to change two indexes, which takes a quarter of it.
 * So an entry stays filed where it was when it is written anew or used: too early, never too late. Whoever works through
 * one of the orders from its beginning files those anew that do not belong there, each once for all that happened to it.
 */
export class EntryTable {
  readonly #find: SqliteStatement;
  readonly #head: SqliteStatement;
  readonly #putOne: SqliteStatement;
  readonly #putSome: SqliteStatement;
  readonly #putEarlier: SqliteStatement;
  readonly #newest: SqliteStatement;
  readonly #count: SqliteStatement;
  readonly #delete: SqliteStatement;
  readonly #rewrite: SqliteStatement;
  readonly #page: SqliteStatement;
  readonly #touch: SqliteStatement;
  readonly #hasEnded: SqliteStatement;
  readonly #refileEnds: SqliteStatement;
  readonly #deleteEnded: SqliteStatement;
  readonly #refileUses: SqliteStatement;
  readonly #oldestSizes: SqliteStatement;
  readonly #deleteOldest: SqliteStatement;
  readonly #deleteGarbage: SqliteStatement;
  readonly #deleteGarbageOf: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    this.#find = prepareQuick(database, "SELECT ends_at, used_at, frame FROM entries WHERE key = ?");
    this.#head = sql("SELECT substr(frame, 1, ?) AS head FROM entries WHERE key = ? AND ends_at > ?");
    this.#putOne = sql(putRows(1));
    this.#putSome = sql(putRows(ROWS));
    this.#putEarlier = sql(
      `UPDATE entries SET ends_at = ?3, used_at = ?1, filed_end = ?3, bytes = ?4, frame = ?5
       WHERE key = ?2 AND filed_end > ?3`,
    );
    this.#newest = prepareQuick(database, "SELECT max(id) FROM entries");
    this.#count = sql(
      `UPDATE meta SET (entries, bytes) =
         (SELECT meta.entries + count(*), meta.bytes + total(entries.bytes) FROM entries WHERE entries.id > ?)`,
    );
    this.#delete = sql("DELETE FROM entries WHERE key = ? RETURNING ends_at AS endsAt");
    this.#rewrite = sql("UPDATE entries SET frame = ? WHERE key = ?");
    this.#page = sql(`SELECT key FROM entries WHERE key >= ? AND key <> ? AND ends_at > ? ORDER BY key LIMIT ${PAGE}`);
    this.#touch = sql("UPDATE entries SET used_at = ? WHERE key = ?");
    this.#hasEnded = sql("SELECT 1 FROM entries WHERE filed_end <= ? LIMIT 1");
    const due = some("WHERE filed_end <= ?");
    this.#refileEnds = sql(`UPDATE entries SET filed_end = ends_at ${due} AND ends_at > ?`);
    this.#deleteEnded = sql(`DELETE FROM entries ${due} AND ends_at <= ?`);
    const oldest = some("ORDER BY filed_use");
    this.#refileUses = sql(`UPDATE entries SET filed_use = used_at ${oldest} AND used_at > filed_use`);
    this.#oldestSizes = prepareQuick(database, "SELECT bytes FROM entries ORDER BY filed_use LIMIT ?");
    this.#deleteOldest = sql(`DELETE FROM entries ${oldest}`);
    this.#deleteGarbage = sql(`DELETE FROM entries ${some("WHERE id <= ?")}`);
    this.#deleteGarbageOf = sql("DELETE FROM entries WHERE key = ? AND id <= ?");
  }

  find(key: string, now: Instant): FoundEntry | undefined {
    const row = this.#find.get(key);
    if (row === undefined) return undefined;
    const columns = columnsOf(row);
    const endsAt = columns[0] as Instant;
    if (endsAt <= now) return undefined;
    const frame = columns[2];
    return { endsAt, usedAt: columns[1] as Instant, frame: frame instanceof Uint8Array ? frame : NOTHING };
  }

  /** The first bytes of a frame. */
  head(key: string, bytes: number, now: Instant): Uint8Array | undefined {
    const head = (this.#head.get(bytes, key, now) as { readonly head: unknown } | undefined)?.head;
    return head instanceof Uint8Array ? head : undefined;
  }

  /** Puts entries in place of those of their keys. Of several of one key the last one counts. */
  put(all: readonly NewEntry[], now: Instant): void {
    if (all.length === 0) return;
    const entries = lastOfEachKey(all);
    const before = this.#newestId;
    const odd = entries.length % ROWS;
    for (let at = 0; at < odd; at++) this.#bring(this.#putOne, entries.slice(at, at + 1), now);
    for (let at = odd; at < entries.length; at += ROWS) this.#bring(this.#putSome, entries.slice(at, at + ROWS), now);
    if (this.#newestId > before) this.#count.run(before);
  }

  #bring(statement: SqliteStatement, entries: readonly NewEntry[], now: Instant): void {
    const values: SqliteValue[] = [now];
    for (const entry of entries) values.push(entry.key, entry.endsAt, sizeOfEntry(entry), entry.frame);
    const { changes } = statement.run(...values);
    if (Number(changes) === entries.length) return;
    // Some end before the instant that the one in their place was filed under.
    for (const entry of entries) this.#putEarlier.run(now, entry.key, entry.endsAt, sizeOfEntry(entry), entry.frame);
  }

  get #newestId(): number {
    return (columnsOf(this.#newest.get())[0] as number | null) ?? 0;
  }

  /** Answers whether there was one. */
  remove(key: string, now: Instant): boolean {
    const removed = this.#delete.get(key) as { readonly endsAt: Instant } | undefined;
    return removed !== undefined && removed.endsAt > now;
  }

  /** Another frame of the same length in place of a found one. */
  rewrite(key: string, frame: Uint8Array): void {
    this.#rewrite.run(frame, key);
  }

  /** Notes that an entry has been used. */
  touch(key: string, now: Instant): void {
    this.#touch.run(now, key);
  }

  /** Some keys that start with a prefix and follow `after` (at first ""), in the order of their bytes. */
  page(prefix: string, after: string, now: Instant): { readonly keys: readonly string[]; readonly isLast: boolean } {
    const found = this.#page.all(after === "" ? prefix : after, after, now) as { readonly key: string }[];
    const keys = found.map(({ key }) => key).filter((key) => key.startsWith(prefix));
    return { keys, isLast: keys.length < PAGE };
  }

  /** Whether one has ended, or is filed as if it had. */
  hasEnded(now: Instant): boolean {
    return this.#hasEnded.get(now) !== undefined;
  }

  /** Looks at so many that are filed as ended, and removes those that have. Answers whether there may be more. */
  removeEnded(now: Instant, atMost: number): boolean {
    const refiled = Number(this.#refileEnds.run(now, atMost, now).changes);
    const removed = Number(this.#deleteEnded.run(now, atMost, now).changes);
    return refiled + removed >= atMost;
  }

  /**
   * Removes those that have not been used for the longest, and answers how many: at most so many, and no more than are needed
   * to free so many bytes. Where very many have been used since they were filed, it goes by when they were filed.
   */
  removeOldest(atMost: number, bytes: number = Infinity): number {
    if (atMost === 0) return 0;
    const looked = Math.max(atMost, REFILED);
    for (let step = 0; step < MAX_REFILINGS; step++) if (Number(this.#refileUses.run(looked).changes) === 0) break;
    const count = bytes === Infinity ? atMost : this.#countOldest(atMost, bytes);
    return Number(this.#deleteOldest.run(count).changes);
  }

  /** How many of the oldest take so many bytes, at most so many. */
  #countOldest(atMost: number, bytes: number): number {
    let left = bytes;
    let count = 0;
    for (const row of this.#oldestSizes.all(atMost)) {
      count++;
      left -= columnsOf(row)[0] as number;
      if (left <= 0) break;
    }
    return count;
  }

  /** The same of those up to an id. */
  removeGarbage(upTo: number, atMost: number): number {
    return Number(this.#deleteGarbage.run(upTo, atMost).changes);
  }

  /** The same of a key alone. */
  removeGarbageOf(key: string, upTo: number): void {
    this.#deleteGarbageOf.run(key, upTo);
  }
}
