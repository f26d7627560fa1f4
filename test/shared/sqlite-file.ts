// A SQLite file that caches share, changed behind their back by a connection of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compileGlob } from "../../src/model/glob.ts";
import { loadDriver, type SqliteDatabase, type SqliteValue } from "../../src/sqlite/driver.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Raw } from "./raw.ts";

/** Entries by full key, leases by the full key with `:l:` in place of `:v:`. */
export class SqliteFile implements Raw {
  readonly path: string = join(mkdtempSync(join(tmpdir(), "freshtier-shared-")), "cache.db");
  #opened: SqliteDatabase | undefined;

  async getBuffer(key: string): Promise<Buffer | null> {
    const [row] = await this.#all("SELECT frame FROM entries WHERE key = ?", key);
    return row === undefined ? null : Buffer.from(row["frame"] as Uint8Array);
  }

  async set(key: string, value: Buffer | string, keep?: "KEEPTTL"): Promise<void> {
    const frame = Buffer.from(value);
    const endsAt = keep === undefined ? "excluded.ends_at" : "ends_at";
    await this.#all(
      `INSERT INTO entries (key, ends_at, used_at, bytes, frame) VALUES (?, 9e999, 0, 1, ?)
       ON CONFLICT (key) DO UPDATE SET frame = excluded.frame, ends_at = ${endsAt}`,
      key,
      frame,
    );
  }

  async exists(...keys: string[]): Promise<number> {
    const found = await Promise.all(keys.map((key) => this.#endOf(key)));
    return found.filter((endsAt) => endsAt !== undefined).length;
  }

  async pttl(key: string): Promise<number> {
    const endsAt = await this.#endOf(key);
    if (endsAt === undefined) return -2;
    return endsAt === Infinity ? -1 : endsAt - Date.now();
  }

  async keys(pattern: string): Promise<string[]> {
    const entries = await this.#all("SELECT key FROM entries");
    const leases = await this.#all("SELECT replace(key, ':v:', ':l:') AS key FROM leases");
    return [...entries, ...leases].map(({ key }) => String(key)).filter(compileGlob(pattern));
  }

  /** A text where a blob should be. */
  async lpush(key: string, value: string): Promise<void> {
    await this.#all("INSERT INTO entries (key, ends_at, used_at, bytes, frame) VALUES (?, 9e999, 0, 1, ?)", key, value);
  }

  /** Writes so many messages to the log, which are gone before anybody has read them. */
  async loseMessages(count: number): Promise<void> {
    const write = "INSERT INTO log (at, root, publisher, message) VALUES (0, 'x', 'y', 'z');";
    const sql = `BEGIN IMMEDIATE; ${write.repeat(count + 1)} DELETE FROM log WHERE id < (SELECT max(id) FROM log); COMMIT`;
    await waitUntil(() => (this.#database.exec(sql), true), { what: "the file is not locked" });
  }

  /** Closes it, and removes the file. */
  disconnect(): void {
    this.#opened?.close();
    rmSync(dirname(this.path), { recursive: true, force: true });
  }

  async #endOf(key: string): Promise<number | undefined> {
    const table = key.includes(":l:{") ? "leases" : "entries";
    const [row] = await this.#all(`SELECT ends_at FROM ${table} WHERE key = ?`, key.replace(":l:{", ":v:{"));
    return row?.["ends_at"] as number | undefined;
  }

  /** The caches have made the tables; one of them may be writing. */
  async #all(sql: string, ...values: SqliteValue[]): Promise<Record<string, SqliteValue>[]> {
    const rows = await waitUntil(() => this.#database.prepare(sql).all(...values), { what: "the file is not locked" });
    return rows as Record<string, SqliteValue>[];
  }

  get #database(): SqliteDatabase {
    if (this.#opened === undefined) {
      const Driver = loadDriver("the test");
      this.#opened = new Driver(this.path);
    }
    return this.#opened;
  }
}
