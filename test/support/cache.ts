// A cache whose time and chance are in the hands of a test.

import { TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { FakeClock } from "./fake-clock.ts";

/** A cache and its clock: fresh for 1 s, stale for another 0.5 s, no chance. */
export function createCache(options: CacheOptions<never> = {}): { cache: TieredCacheManager; clock: FakeClock } {
  const clock = new FakeClock();
  const lifetimes = { ttl: 1_000, staleWhileRevalidate: 500 } as const;
  return { cache: new TieredCacheManager({ clock, random: () => 0, ...lifetimes, ...options }), clock };
}

/** All that an asynchronous iterator yields. */
export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
