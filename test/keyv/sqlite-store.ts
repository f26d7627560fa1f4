// A storage adapter of Keyv on a real SQLite file.

import { DatabaseSync } from "@photostructure/sqlite";

/**
 * A storage adapter on a SQLite file, written to the interface of Keyv: text alone, no expiry of its own, keys of a
 * namespace known by what they begin with, and every answer a turn of the event loop later.
 */
export class SqliteStore {
  readonly opts = { dialect: "sqlite", url: "sqlite://" };
  namespace: string | undefined;
  readonly #database: InstanceType<typeof DatabaseSync>;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    this.#database.exec(
      "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT)",
    );
  }

  async get(key: string): Promise<string | undefined> {
    await turn();
    return this.#row(key);
  }

  async getMany(keys: string[]): Promise<(string | undefined)[]> {
    await turn();
    return keys.map((key) => this.#row(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    if (typeof value !== "string") throw new TypeError(`a column of text cannot hold ${typeof value}`);
    await turn();
    this.#database.prepare("INSERT OR REPLACE INTO keyv VALUES (?, ?)").run(key, value);
  }

  async delete(key: string): Promise<boolean> {
    await turn();
    return this.#database.prepare("DELETE FROM keyv WHERE key = ?").run(key).changes > 0;
  }

  async clear(): Promise<void> {
    await turn();
    this.#database.prepare("DELETE FROM keyv WHERE substr(key, 1, ?) = ?").run(...this.#start(this.namespace));
  }

  async *iterator(namespace?: string): AsyncGenerator<[string, string], void> {
    let last = "";
    const page = this.#database.prepare(
      "SELECT key, value FROM keyv WHERE key > ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT 100",
    );
    for (;;) {
      await turn();
      const rows = page.all(last, ...this.#start(namespace)) as { key: string; value: string }[];
      for (const { key, value } of rows) yield [key, value];
      if (rows.length < 100) return;
      last = rows.at(-1)?.key ?? last;
    }
  }

  async disconnect(): Promise<void> {
    await turn();
    this.#database.close();
  }

  on(): this {
    return this;
  }

  /** All that it holds. */
  get rows(): readonly { readonly key: string; readonly value: string }[] {
    return this.#database.prepare("SELECT key, value FROM keyv").all() as { key: string; value: string }[];
  }

  #row(key: string): string | undefined {
    const row = this.#database.prepare("SELECT value FROM keyv WHERE key = ?").get(key);
    return (row as { value: string } | undefined)?.value;
  }

  #start(namespace: string | undefined): [number, string] {
    const prefix = namespace === undefined ? "" : `${namespace}:`;
    return [prefix.length, prefix];
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
