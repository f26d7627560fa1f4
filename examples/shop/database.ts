// The shop's product database: a real SQLite file behind a slow, bounded connection pool.
import { randomBytes } from "node:crypto";
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from "@photostructure/sqlite";
import type { Product } from "./catalogue.ts";
import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";

/**
 * `announced` is the version of which the cache is known to have been told. It changes after `version`: whatever ends the
 * process in between, the next one sees what is left to be invalidated.
 */
const SCHEMA = `
  CREATE TABLE products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL,
    price_cents INTEGER NOT NULL, discount_percent INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL, announced INTEGER NOT NULL, updated_at INTEGER NOT NULL);
  CREATE INDEX products_by_category ON products (category);
  CREATE TABLE shop (identity TEXT NOT NULL)`;

const INSERT = `
  INSERT INTO products (id, name, category, price_cents, version, announced, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

const SELECT = `
  SELECT id, name, category, price_cents * (100 - discount_percent) / 100 AS priceCents, version, updated_at AS updatedAt
  FROM products WHERE id = ?`;

const REPRICE = `
  UPDATE products SET price_cents = price_cents * ? / 100, version = version + 1, updated_at = ?
  WHERE id = ? RETURNING id, version`;

/** A sale of a category starts, or the running one ends. */
const TOGGLE_SALE = `
  UPDATE products SET discount_percent = 20 - discount_percent, version = version + 1, updated_at = ?
  WHERE category = ? RETURNING id, version`;

/** A price that was committed: the product and the version that it has now. */
export type CommittedPrice = Pick<Product, "id" | "version">;

export class ProductDatabase {
  /** Random, made with the file: what was cached of another one says nothing about this one. */
  readonly identity: string;
  /** Whether it was made just now. */
  readonly isNew: boolean;
  readonly #sqlite: DatabaseSyncInstance;
  readonly #pool: ConnectionPool;
  readonly #onClosed: () => void;
  readonly #select: StatementSyncInstance;
  readonly #reprice: StatementSyncInstance;
  readonly #toggleSale: StatementSyncInstance;
  readonly #announce: StatementSyncInstance;
  #pageQueries = 0;

  /**
   * Takes the file for itself alone, or makes it.
   * @throws what SQLite throws when somebody else has it, or when it is no database of a shop
   */
  constructor(file: string, products: readonly Product[], pool: PoolOptions, onClosed: () => void = () => undefined) {
    this.#sqlite = new DatabaseSync(file);
    try {
      this.#sqlite.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      this.isNew = this.#single("SELECT count(*) AS it FROM sqlite_master") === 0;
      this.#transact(() => {
        if (this.isNew) this.#create(products);
      });
      this.identity = String(this.#single("SELECT identity AS it FROM shop"));
      if (this.#single("SELECT count(*) AS it FROM products") !== products.length) throw new Error("another shop's");
      this.#select = this.#sqlite.prepare(SELECT);
      this.#reprice = this.#sqlite.prepare(REPRICE);
      this.#toggleSale = this.#sqlite.prepare(TOGGLE_SALE);
      this.#announce = this.#sqlite.prepare("UPDATE products SET announced = max(announced, ?) WHERE id = ?");
    } catch (error) {
      this.#sqlite.close();
      throw error;
    }
    this.#pool = new ConnectionPool(pool);
    this.#onClosed = onClosed;
  }

  /** How many product pages were read so far, which is what a cache can save. */
  get pageQueries(): number {
    return this.#pageQueries;
  }

  async product(id: number): Promise<Product> {
    this.#pageQueries += 1;
    const row = (await this.#pool.run(() => this.#select.get(id))) as Product | undefined;
    if (!row) throw new Error(`there is no product ${id}`);
    return row;
  }

  async changePrice(id: number, percent: number): Promise<CommittedPrice[]> {
    return this.#pool.run(() => this.changePriceNow(id, percent));
  }

  /** The same while the shop is closed: nobody waits for a connection. */
  changePriceNow(id: number, percent: number): CommittedPrice[] {
    return this.#reprice.all(percent, Date.now(), id) as CommittedPrice[];
  }

  async toggleSale(category: string): Promise<CommittedPrice[]> {
    return this.#pool.run(() => this.#toggleSale.all(Date.now(), category) as CommittedPrice[]);
  }

  /** The version of every price, by product. */
  versions(): Uint32Array {
    const rows = this.#sqlite.prepare("SELECT version FROM products ORDER BY id").all() as { version: number }[];
    return Uint32Array.from(rows, ({ version }) => version);
  }

  /** Prices of which the cache may not know. */
  unannounced(): CommittedPrice[] {
    const changed = "SELECT id, version FROM products WHERE version > announced";
    return this.#sqlite.prepare(changed).all() as CommittedPrice[];
  }

  /** The cache has forgotten the predecessors of these prices, and will not forget that. */
  announced(prices: readonly CommittedPrice[]): void {
    this.#transact(() => {
      for (const { id, version } of prices) this.#announce.run(version, id);
    });
  }

  close(): void {
    // The driver closes the file when the statements are collected as garbage: the lock has to go at once.
    this.#sqlite.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT identity FROM shop");
    this.#sqlite.close();
    this.#onClosed();
  }

  #create(products: readonly Product[]): void {
    this.#sqlite.exec(SCHEMA);
    this.#sqlite.prepare("INSERT INTO shop (identity) VALUES (?)").run(randomBytes(6).toString("hex"));
    const insert = this.#sqlite.prepare(INSERT);
    for (const { id, name, category, priceCents, version, updatedAt } of products) {
      insert.run(id, name, category, priceCents, version, version, updatedAt);
    }
  }

  #single(sql: string): unknown {
    return (this.#sqlite.prepare(sql).get() as { readonly it: unknown } | undefined)?.it;
  }

  #transact(work: () => void): void {
    this.#sqlite.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#sqlite.exec("COMMIT");
    } catch (error) {
      this.#sqlite.exec("ROLLBACK");
      throw error;
    }
  }
}
