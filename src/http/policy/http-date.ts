// HTTP-date in its three formats (RFC 9110 §5.6.7).

import type { Instant } from "../../model/duration.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY = "(?:mon|tue|wed|thu|fri|sat|sun)";
const LONG_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)";
const MONTH = "([a-z]{3})";
const TIME = "(\\d{2}):(\\d{2}):(\\d{2})";
const FIXED = new RegExp(`^${DAY}, (\\d{2}) ${MONTH} (\\d{4}) ${TIME} gmt$`, "i");
const RFC850 = new RegExp(`^${LONG_DAY}, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} gmt$`, "i");
const ASCTIME = new RegExp(`^${DAY} ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`, "i");
const YEAR_MS = 31_556_952_000;

/**
 * The instant of an HTTP-date; `undefined` for any other text. Letters may be of either case, since no format needs it;
 * nothing else is forgiven, and whether the day of the week is right is not asked.
 * @param now decides the century of a year of two digits: not more than 50 years ahead
 */
export function parseHttpDate(text: string, now: Instant): Instant | undefined {
  const fixed = FIXED.exec(text);
  if (fixed !== null) return instantOf(Number(fixed[3]), fixed[2], fixed[1], fixed.slice(4));
  const long = RFC850.exec(text);
  if (long !== null) return recent(Number(long[3]), (year) => instantOf(year, long[2], long[1], long.slice(4)), now);
  const ansi = ASCTIME.exec(text);
  return ansi === null ? undefined : instantOf(Number(ansi[6]), ansi[1], ansi[2], ansi.slice(3, 6));
}

/** An instant as an HTTP-date, in the preferred format. What is finer than a second is left out. */
export function formatHttpDate(instant: Instant): string {
  return new Date(instant).toUTCString();
}

/** A year of two digits that seems more than 50 years ahead is the last one with these digits (RFC 9110 §5.6.7). */
function recent(digits: number, at: (year: number) => Instant | undefined, now: Instant): Instant | undefined {
  const year = Math.floor(new Date(now).getUTCFullYear() / 100) * 100 + digits;
  const instant = at(year);
  return instant !== undefined && instant > now + 50 * YEAR_MS ? at(year - 100) : instant;
}

/** `undefined` for a day, a month or a time that there is not. A leap second counts as the one after it. */
function instantOf(
  year: number,
  month: string | undefined = "",
  day: string | undefined = "",
  time: readonly (string | undefined)[],
): Instant | undefined {
  const [hours = 0, minutes = 0, secs = 0] = time.slice(0, 3).map(Number);
  const index = MONTHS.indexOf(month.toLowerCase());
  if (index === -1 || hours > 23 || minutes > 59 || secs > 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, index, Number(day));
  // A 31 April would be a 1 May, a 0 the last of the month before.
  if (midnight.getUTCMonth() !== index || Number(day) === 0) return undefined;
  return midnight.getTime() + ((hours * 60 + minutes) * 60 + secs) * 1_000;
}
