// Pure decisions about time: how long an entry lives, when to refresh early, how long to back off.

import type { Instant, Milliseconds } from "./duration.ts";
import type { Entry } from "./entry.ts";

/** Lengths that decide the instants of an entry. */
export interface Lifetimes {
  readonly ttlMs: Milliseconds;
  readonly staleWhileRevalidateMs: Milliseconds;
  readonly staleIfErrorMs: Milliseconds;
  /** Largest part of `ttlMs` that chance takes away, 0 to 1. */
  readonly jitter: number;
}

/** What an entry is good for, each counted from its creation: fresh, then stale, then rescue. Never decreasing. */
export interface Spans {
  readonly freshMs: Milliseconds;
  readonly staleMs: Milliseconds;
  readonly errorMs: Milliseconds;
}

/**
 * The spans of a new entry. Both stale windows begin where freshness ends (RFC 5861), so they overlap: a
 * `staleIfError` shorter than `staleWhileRevalidate` adds nothing.
 */
export function spansOf(lifetimes: Lifetimes, random: () => number): Spans {
  const { ttlMs, jitter, staleWhileRevalidateMs, staleIfErrorMs } = lifetimes;
  const freshMs = jitter === 0 || ttlMs === Infinity ? ttlMs : Math.floor(ttlMs * (1 - jitter * random()));
  return {
    freshMs,
    staleMs: freshMs + staleWhileRevalidateMs,
    errorMs: freshMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs),
  };
}

/** The same, where nothing may get older than `maxAgeMs`. */
export function capSpans(spans: Spans, maxAgeMs: Milliseconds): Spans {
  if (spans.errorMs <= maxAgeMs) return spans;
  return {
    freshMs: Math.min(spans.freshMs, maxAgeMs),
    staleMs: Math.min(spans.staleMs, maxAgeMs),
    errorMs: maxAgeMs,
  };
}

/** The same, where freshness ends at an age at the latest. */
export function staleSpans({ freshMs, staleMs, errorMs }: Spans, ageMs: Milliseconds): Spans {
  return { freshMs: Math.min(freshMs, ageMs), staleMs, errorMs };
}

/**
 * Probabilistic early refresh, "XFetch": Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede
 * Prevention", VLDB 8(8), 2015. The longer a load takes and the nearer the end of freshness is, the likelier.
 */
export function shouldRefreshEarly(entry: Entry, now: Instant, beta: number, random: () => number): boolean {
  // 1 - random() lies in (0, 1]: the logarithm stays finite.
  return now - entry.loadMs * beta * Math.log(1 - random()) >= entry.freshUntil;
}

const BACKOFF_FIRST_MS: Milliseconds = 1_000;
const BACKOFF_MAX_MS: Milliseconds = 60_000;

/** Wait after the n-th failure in a row (n ≥ 1): 1 s doubling up to 60 s, of which chance takes up to one half. */
export function backoffMs(failures: number, random: () => number): Milliseconds {
  const fullMs = Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
  return fullMs * (1 - random() / 2);
}
