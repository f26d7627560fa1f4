// How old a response is (RFC 9111 §4.2.3).

import type { Instant, Milliseconds } from "../../model/duration.ts";
import { parseSeconds, type Seconds } from "./directives.ts";
import { parseHttpDate } from "./http-date.ts";
import { single, type Fields, type ReceivedResponse } from "./message.ts";

/**
 * The value of `Age` (RFC 9111 §5.1): of several the first, whether on one line or more. `undefined` when there is none, and when that is no
 * non-negative whole number, which is as if there were none.
 */
export function ageValue(fields: Fields): Seconds | undefined {
  const first = fields.all("age")[0];
  return parseSeconds(first?.split(",", 1)[0]?.trim());
}

/**
 * When the origin made the response, by its own clock: `Date`, or when it came, if there is none that can be read
 * (RFC 9110 §6.6.1).
 */
export function dateOf(response: ReceivedResponse): Instant {
  return legibleDate(response) ?? wholeSecond(response.receivedAt);
}

/** Whether the response says when it was made. */
export function hasDate(response: ReceivedResponse): boolean {
  return legibleDate(response) !== undefined;
}

/** How old the response was when it came: what `Date` and `Age` make of it, the larger (RFC 9111 §4.2.3). Never negative. */
export function initialAgeMs(response: ReceivedResponse): Milliseconds {
  // Negative where the origin's clock is ahead; what is compared with it is not.
  const apparentMs = wholeSecond(response.receivedAt) - dateOf(response);
  const delayMs = Math.max(0, response.receivedAt - response.requestedAt);
  const correctedMs = (ageValue(response.fields) ?? 0) * 1_000 + delayMs;
  return Math.max(apparentMs, correctedMs);
}

/** How old the response is: its age when it came, and the time since (RFC 9111 §4.2.3). Never negative. */
export function currentAgeMs(response: ReceivedResponse, now: Instant): Milliseconds {
  return initialAgeMs(response) + Math.max(0, now - response.receivedAt);
}

function legibleDate({ fields, receivedAt }: ReceivedResponse): Instant | undefined {
  const date = single(fields, "date");
  return date === undefined ? undefined : parseHttpDate(date, receivedAt);
}

/** `Date` knows whole seconds, so what is compared with it is one: otherwise every response came late by a part of one. */
function wholeSecond(instant: Instant): Instant {
  return Math.floor(instant / 1_000) * 1_000;
}
