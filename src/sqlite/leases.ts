// The table of leases: who refreshes a key, and until when.

import type { Instant } from "../model/duration.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { prepare } from "./statement.ts";

/** A lease that has not run out. */
export interface FoundLease {
  readonly token: string;
  readonly endsAt: Instant;
}

/** Prepared statements on the leases of one connection. One that has run out counts as none. */
export class LeaseTable {
  readonly #find: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #delete: SqliteStatement;
  readonly #all: SqliteStatement;
  readonly #hasEnded: SqliteStatement;
  readonly #deleteEnded: SqliteStatement;
  readonly #any: SqliteStatement;
  /** Whether there is none at all, as far as this transaction has found out. */
  #isEmpty: boolean | undefined;

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    this.#find = sql("SELECT token, ends_at AS endsAt FROM leases WHERE key = ? AND ends_at > ?");
    this.#put = sql(
      `INSERT INTO leases (key, token, ends_at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET token = excluded.token, ends_at = excluded.ends_at`,
    );
    this.#delete = sql("DELETE FROM leases WHERE key = ?");
    this.#all = sql("SELECT key FROM leases WHERE key >= ? AND ends_at > ? ORDER BY key");
    this.#hasEnded = sql("SELECT 1 FROM leases WHERE ends_at <= ? LIMIT 1");
    this.#any = sql("SELECT 1 FROM leases LIMIT 1");
    this.#deleteEnded = sql("DELETE FROM leases WHERE rowid IN (SELECT rowid FROM leases WHERE ends_at <= ? LIMIT ?)");
  }

  find(key: string, now: Instant): FoundLease | undefined {
    return this.#find.get(key, now) as FoundLease | undefined;
  }

  put(key: string, token: string, endsAt: Instant): void {
    this.#isEmpty = false;
    this.#put.run(key, token, endsAt);
  }

  /** Within a transaction. Most often there is no lease at all, which is found out once for all that is removed within it. */
  remove(key: string): void {
    this.#isEmpty ??= this.#any.get() === undefined;
    if (!this.#isEmpty) this.#delete.run(key);
  }

  /** Another transaction begins: what the last one knew, others may have changed. */
  forget(): void {
    this.#isEmpty = undefined;
  }

  /** There are never many: one per refresh that runs. */
  keys(prefix: string, now: Instant): string[] {
    const found = this.#all.all(prefix, now) as { readonly key: string }[];
    return found.map(({ key }) => key).filter((key) => key.startsWith(prefix));
  }

  hasEnded(now: Instant): boolean {
    return this.#hasEnded.get(now) !== undefined;
  }

  removeEnded(now: Instant, atMost: number): number {
    return Number(this.#deleteEnded.run(now, atMost).changes);
  }
}
