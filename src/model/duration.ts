// Durations as users write them, turned into milliseconds.

import { badInput } from "../errors.ts";

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** An instant: milliseconds since the Unix epoch, by the clock of the cache. */
export type Instant = number;

/**
 * A length of time: a number of milliseconds, a number with a unit (`"250ms"`, `"10s"`, `"5m"`, `"1h"`, `"7d"`, `"2w"`),
 * or `"forever"`, which is `Infinity`.
 */
export type Duration = Milliseconds | `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}` | "forever";

const UNIT_MS: Readonly<Record<string, Milliseconds>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;
const RULE = 'a duration of at least 0 (milliseconds, or text like "250ms", "10s", "5m", "1h", "forever")';

/**
 * Milliseconds of a duration, possibly `Infinity`.
 * @param field how messages call the value
 * @throws CacheError `invalid_option` when the value is negative, `NaN`, or text that is no duration
 */
export function parseDuration(value: unknown, field: string): Milliseconds {
  if (typeof value === "number" && value >= 0) return value;
  if (value === "forever") return Infinity;
  const match = typeof value === "string" ? TEXT.exec(value) : null;
  if (match === null) throw badInput("invalid_option", field, RULE, value);
  return Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}

/** The same, or `fallback` for `undefined`. */
export function durationOr<F>(value: unknown, fallback: F, field: string): Milliseconds | F {
  return value === undefined ? fallback : parseDuration(value, field);
}

/** The same for a duration that may not be zero. */
export function positiveOr(value: unknown, fallback: Milliseconds, field: string): Milliseconds {
  const ms = durationOr(value, fallback, field);
  if (ms === 0) throw badInput("invalid_option", field, "a duration longer than 0", value);
  return ms;
}
