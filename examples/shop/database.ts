// The shop's product database: a real SQLite file behind a slow, bounded connection pool.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from "@photostructure/sqlite";
import type { Product } from "./catalogue.ts";
import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";

const SCHEMA = `
  CREATE TABLE products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL,
    price_cents INTEGER NOT NULL, discount_percent INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL, updated_at INTEGER NOT NULL);
  CREATE INDEX products_by_category ON products (category)`;

const INSERT = `
  INSERT INTO products (id, name, category, price_cents, version, updated_at) VALUES (?, ?, ?, ?, ?, ?)`;

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
  readonly file: string;
  readonly #directory: string;
  readonly #sqlite: DatabaseSyncInstance;
  readonly #pool: ConnectionPool;
  readonly #select: StatementSyncInstance;
  readonly #reprice: StatementSyncInstance;
  readonly #toggleSale: StatementSyncInstance;
  #pageQueries = 0;

  constructor(products: readonly Product[], pool: PoolOptions) {
    this.#directory = mkdtempSync(join(tmpdir(), "freshtier-shop-"));
    process.once("exit", this.#removeFiles);
    this.file = join(this.#directory, "products.db");
    this.#sqlite = new DatabaseSync(this.file);
    this.#sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#sqlite.exec(SCHEMA);
    this.#insert(products);
    this.#pool = new ConnectionPool(pool);
    this.#select = this.#sqlite.prepare(SELECT);
    this.#reprice = this.#sqlite.prepare(REPRICE);
    this.#toggleSale = this.#sqlite.prepare(TOGGLE_SALE);
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
    return this.#pool.run(() => this.#reprice.all(percent, Date.now(), id) as CommittedPrice[]);
  }

  async toggleSale(category: string): Promise<CommittedPrice[]> {
    return this.#pool.run(() => this.#toggleSale.all(Date.now(), category) as CommittedPrice[]);
  }

  close(): void {
    this.#sqlite.close();
    process.off("exit", this.#removeFiles);
    this.#removeFiles();
  }

  readonly #removeFiles = (): void => rmSync(this.#directory, { recursive: true, force: true });

  #insert(products: readonly Product[]): void {
    const insert = this.#sqlite.prepare(INSERT);
    this.#sqlite.exec("BEGIN");
    for (const { id, name, category, priceCents, version, updatedAt } of products) {
      insert.run(id, name, category, priceCents, version, updatedAt);
    }
    this.#sqlite.exec("COMMIT");
  }
}
