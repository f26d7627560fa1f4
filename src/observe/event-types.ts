// Every type of event, as a list to check names against.

import type { CacheEventType } from "../model/event.ts";

/** The compiler checks that none is missing. */
const TYPES: Readonly<Record<CacheEventType, true>> = {
  hit: true,
  stale: true,
  rescue: true,
  miss: true,
  refreshStart: true,
  refreshEnd: true,
  refreshFail: true,
  refreshRefused: true,
  fillRejected: true,
  invalid: true,
  set: true,
  evict: true,
  invalidate: true,
  tierError: true,
  breaker: true,
  busLost: true,
  busLive: true,
  busGap: true,
  suspectVerified: true,
  pendingReplayed: true,
  pendingLost: true,
  damagedFrame: true,
  listenerError: true,
};

export const EVENT_TYPES: readonly CacheEventType[] = Object.keys(TYPES) as CacheEventType[];

export function isEventType(value: unknown): value is CacheEventType {
  return typeof value === "string" && Object.hasOwn(TYPES, value);
}
