// Invents a product for every number in the trace: the recording has numbers only.
import { between, pick, seededRandom } from "./random.ts";

/** One row of the `products` table, and what a product page shows. */
export interface Product {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
  /** Grows by one with every change of the price, never shrinks. */
  readonly version: number;
  readonly updatedAt: number;
}

/** Of a price that was never changed. */
export const FIRST_VERSION = 1;

export const CATEGORIES = [
  ...["shoes", "boots", "jackets", "trousers", "shirts", "socks", "hats", "gloves", "scarves", "bags"],
  ...["tents", "lamps", "stoves", "ropes", "skis", "sledges", "skates", "bikes", "helmets", "maps"],
  ...["games", "puzzles", "books", "pens", "clocks", "radios", "cameras", "kettles", "mugs", "candles"],
] as const;

const STYLES = ["Alpine", "Nordic", "Classic", "Featherlight", "Weekend", "Midnight", "Copper", "Little"];

export function inventProducts(count: number, seed: number): Product[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, id) => {
    const category = pick(random, CATEGORIES);
    return {
      id,
      name: `${pick(random, STYLES)} ${category} no. ${id}`,
      category,
      priceCents: Math.round(between(random, 500, 25_000)),
      version: FIRST_VERSION,
      updatedAt: Date.now(),
    };
  });
}
