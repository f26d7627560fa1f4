// Stores for the tests of the Keyv tier: a Map, a Keyv, adapters on real SQLite files, and a cache of this library.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { Keyv } from "keyv";
import { afterEach } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { asKeyvStore, type KeyvTierOptions } from "../../src/keyv/index.ts";

/** Something for the tier to stand on. */
export type Store = KeyvTierOptions["store"];

const undos: (() => unknown)[] = [];

/** Undoes at the end of the test what was made for it, last things first. */
export function undoAfterEach(): void {
  afterEach(undoAll);
}

/** Does this at the end of the test. */
export function atEnd(undo: () => unknown): void {
  undos.push(undo);
}

/** The same by hand, for what outlives a test. */
export async function undoAll(): Promise<void> {
  for (const undo of undos.splice(0).toReversed()) await undo();
}

/** A file for a database, in a directory of its own. */
export function newFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-keyv-"));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "keyv.db");
}

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
    atEnd(() => this.#database.close());
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

/** A cache as the store of another one. */
function cacheStore(): Store {
  const cache = new TieredCacheManager({
    name: "inner",
    maxKeyLength: 4_096,
    tiers: [memoryTier({ maxEntries: 100_000 })],
  });
  atEnd(() => cache.close());
  return asKeyvStore(cache);
}

/**
 * Each makes a store, once: what it gives is then opened by as many as like, each as another process would if it can be.
 */
export const STORES: readonly (readonly [name: string, make: () => () => Store])[] = [
  ["a Map", () => always(new Map<string, unknown>())],
  ["a Keyv in memory", () => always(new Keyv())],
  [
    "an adapter on a SQLite file",
    () => {
      const file = newFile();
      return () => new SqliteStore(file);
    },
  ],
  [
    "a Keyv on an adapter on a SQLite file",
    () => {
      const file = newFile();
      return () => new Keyv({ store: new SqliteStore(file), namespace: "app" });
    },
  ],
  ["a cache", () => always(cacheStore())],
];

function always(store: Store): () => Store {
  return () => store;
}
