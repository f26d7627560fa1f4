// Counts how the first requests after a start are answered: what a cache that was kept is worth.
import type { TieredCacheManager } from "freshtier";

export interface FirstReads {
  /** How many were counted. */
  readonly reads: number;
  /** Of these, how many did not wait for the database. */
  readonly hits: number;
}

const FIRST = 1_000;

/** Listens until so many have been counted: from then on the cache builds no events any more. */
export function watchFirstReads(cache: TieredCacheManager): () => FirstReads {
  let hits = 0;
  let misses = 0;
  const count = (isHit: boolean): void => {
    if (isHit) hits += 1;
    else misses += 1;
    if (hits + misses === FIRST) for (const stop of stops) stop();
  };
  const stops = [
    cache.on("hit", () => count(true)),
    cache.on("stale", () => count(true)),
    cache.on("miss", () => count(false)),
  ];
  return () => ({ reads: hits + misses, hits });
}
