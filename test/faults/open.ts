// Opens a cache on Redis, alike in this process and in a peer.

import type { Clock, TieredCacheManager } from "../../src/index.ts";
import type { RedisTierOptions } from "../../src/redis/index.ts";
import type { Package } from "./package.ts";

/** A cache, as it can be told to another process. */
export interface OpenOptions {
  readonly name: string;
  readonly redis: RedisTierOptions;
  readonly ttl?: number;
  readonly staleWhileRevalidate?: number;
  readonly staleIfError?: number;
  /** By how much the clock of this cache is wrong, in milliseconds. */
  readonly clockOffsetMs?: number;
}

/** The timeout of the tier where that is what a test is about: the default. */
export const TIMEOUT_MS = 100;
/** Elsewhere nothing should depend on how busy the machine is. */
export const PATIENT_MS = 1_000;
/** How long a process which has lost the bus unnoticed may believe its copies, in these tests. */
export const DIVERGENCE_MS = 1_000;

/** Opens it. */
export function openCache(
  { main, redis }: Package,
  { name, redis: tier, clockOffsetMs, ...lifetimes }: OpenOptions,
): TieredCacheManager {
  return new main.TieredCacheManager({
    name,
    tiers: [main.memoryTier(), redis.redisTier({ timeout: PATIENT_MS, divergenceLimit: DIVERGENCE_MS, ...tier })],
    ...lifetimes,
    ...(clockOffsetMs === undefined ? {} : { clock: wrongClock(clockOffsetMs) }),
  });
}

/** The clock of a process whose wall clock was wrong when it started. */
function wrongClock(offsetMs: number): Clock {
  return {
    now: () => performance.timeOrigin + performance.now() + offsetMs,
    schedule(delayMs, task, keepAlive = false) {
      if (delayMs === Infinity) return () => undefined;
      const timer = setTimeout(task, delayMs);
      if (!keepAlive) timer.unref();
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
