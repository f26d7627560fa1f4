// The ordered log of everything a cache reports, as short lines that tests compare.

import type { CacheEvent, CacheEventType, TieredCacheManager } from "../../src/index.ts";

const TYPES: readonly CacheEventType[] = [
  "hit",
  "stale",
  "rescue",
  "miss",
  "refreshStart",
  "refreshEnd",
  "refreshFail",
  "refreshRefused",
  "fillRejected",
  "invalid",
  "set",
  "evict",
  "invalidate",
  "suspectVerified",
  "listenerError",
];

/** Listens to every event of a cache from now on. The array grows as they come. */
export function recordEvents(cache: TieredCacheManager): CacheEvent[] {
  const events: CacheEvent[] = [];
  for (const type of TYPES) cache.on(type, (event) => events.push(event));
  return events;
}

/** The types of events, in order. */
export function typesOf(events: readonly CacheEvent[]): CacheEventType[] {
  return events.map(({ type }) => type);
}
