// Where the shop keeps its prices and its cache from one run of the demo to the next.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Place {
  readonly directory: string;
  /** The shop's database: what is true. */
  readonly products: string;
  /** The file of the cache. */
  readonly cache: string;
}

const DEFAULT_DIRECTORY = fileURLToPath(new URL("../.cache/", import.meta.url));

/** Each seed invents a shop of its own. @param directory `undefined`: a folder beside the examples, unknown to git */
export function placeOf(seed: number, directory: string = DEFAULT_DIRECTORY): Place {
  const own = join(directory, `shop-${seed}`);
  return { directory: own, products: join(own, "products.db"), cache: join(own, "cache.db") };
}

/** Removes what earlier runs have left, and nothing else: the directory may be anybody's. */
export function forget({ products, cache }: Place): void {
  for (const file of [products, cache]) {
    for (const end of ["", "-wal", "-shm", "-journal", "-lock"]) rmSync(file + end, { force: true });
  }
}
