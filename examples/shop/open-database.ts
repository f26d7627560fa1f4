// Opens the shop's database: one for a single run, or the one that is kept from run to run.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Product } from "./catalogue.ts";
import type { PoolOptions } from "./connection-pool.ts";
import { ProductDatabase } from "./database.ts";
import { forget, type Place } from "./place.ts";
import { seededRandom } from "./random.ts";

export const CONNECTIONS = 10;
export const QUERY_MS = [2, 6] as const;

/** The prices of earlier runs cannot be used, for a reason that whoever runs the demo can change. */
export class PlaceError extends Error {}

/** With the first prices, and gone afterwards, however this process ends. */
export function openOwnDatabase(products: readonly Product[], seed: number): ProductDatabase {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-shop-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  return new ProductDatabase(join(directory, "products.db"), products, poolOf(seed), () => {
    process.off("exit", remove);
    remove();
  });
}

/**
 * With the prices that the last run has left, if there was one.
 * @throws PlaceError when another demo has it, or nothing can be written there
 */
export function openKeptDatabase(place: Place, products: readonly Product[], seed: number): ProductDatabase {
  const open = (): ProductDatabase => new ProductDatabase(place.products, products, poolOf(seed));
  try {
    mkdirSync(place.directory, { recursive: true });
    return open();
  } catch (error) {
    if (isLocked(error)) throw inUse(place);
  }
  try {
    // Damaged, or of another release of the demo: a shop without a past is better than none.
    forget(place);
    return open();
  } catch (error) {
    if (isLocked(error)) throw inUse(place);
    throw new PlaceError(`cannot keep the shop in ${place.directory}: ${(error as Error).message}; try --dir`);
  }
}

/** @throws PlaceError when another demo is at work there: its files must not go */
export function forgetUnused(place: Place, products: readonly Product[], seed: number): void {
  openKeptDatabase(place, products, seed).close();
  forget(place);
}

function inUse({ directory }: Place): PlaceError {
  return new PlaceError(`another demo is at work in ${directory}: wait for its end, or give this one a --dir`);
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && /database is (locked|busy)/i.test(error.message);
}

function poolOf(seed: number): PoolOptions {
  return { connections: CONNECTIONS, queryMs: QUERY_MS, random: seededRandom(seed + 1) };
}
