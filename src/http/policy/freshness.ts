// How long a response is fresh (RFC 9111 §4.2.1), and what is guessed where it does not say (§4.2.2).

import type { Instant, Milliseconds } from "../../model/duration.ts";
import { currentAgeMs, dateOf } from "./age.ts";
import { parseHttpDate } from "./http-date.ts";
import { single, type ReceivedResponse } from "./message.ts";
import { heedsExpires, responseControl, type ResponseControl } from "./response-control.ts";
import type { PolicySettings } from "./settings.ts";
import { isHeuristicallyCacheable } from "./status.ts";

/** Where a lifetime comes from. */
export type LifetimeSource = "s-maxage" | "max-age" | "expires" | "default" | "heuristic" | "none";

/** How long a response is fresh, from when it was made. */
export interface Lifetime {
  readonly ms: Milliseconds;
  readonly source: LifetimeSource;
}

const NONE: Lifetime = Object.freeze({ ms: 0, source: "none" });

/**
 * The freshness lifetime (RFC 9111 §4.2.1), the first of: `s-maxage` in a shared cache, `max-age`, `Expires` minus `Date`,
 * what the policy was told, a guess. What is there but invalid is a lifetime of 0, and nothing after it is asked.
 */
export function freshnessLifetime(
  response: ReceivedResponse,
  settings: PolicySettings,
  control: ResponseControl = responseControl(response, settings),
): Lifetime {
  const { sMaxAge, maxAge } = control;
  if (settings.isShared && sMaxAge !== undefined) return { ms: sMaxAge * 1_000, source: "s-maxage" };
  if (maxAge !== undefined) return { ms: maxAge * 1_000, source: "max-age" };
  const expiresMs = heedsExpires(control) ? expiresLifetimeMs(response) : undefined;
  if (expiresMs !== undefined) return { ms: expiresMs, source: "expires" };
  if (settings.ttlMs !== undefined && isOrdinary(response.status)) return { ms: settings.ttlMs, source: "default" };
  return heuristicLifetime(response, settings, control);
}

/** Whether the response says how long it is fresh (RFC 9111 §4.2.1), as opposed to a guess. */
export function isExplicit({ source }: Lifetime): boolean {
  return source === "s-maxage" || source === "max-age" || source === "expires";
}

/**
 * How long the response is still fresh: lifetime minus age (RFC 9111 §4.2). Negative when it is stale, by as much; 0 is
 * stale, too.
 */
export function remainingMs(response: ReceivedResponse, now: Instant, settings: PolicySettings): Milliseconds {
  return freshnessLifetime(response, settings).ms - currentAgeMs(response, now);
}

/** `Expires` minus `Date`; 0 when it is invalid, or there twice (RFC 9111 §5.3); `undefined` without one. */
function expiresLifetimeMs(response: ReceivedResponse): Milliseconds | undefined {
  if (response.fields.all("expires").length === 0) return undefined;
  const expiresAt = parseHttpDate(single(response.fields, "expires") ?? "", response.receivedAt);
  return expiresAt === undefined ? 0 : Math.max(0, expiresAt - dateOf(response));
}

/** Cacheable by default, and no error: nobody who gives a lifetime for all responses means that of a failure. */
function isOrdinary(status: number): boolean {
  return status < 400 && isHeuristicallyCacheable(status);
}

/** A part of the time since `Last-Modified`, where a guess is allowed (RFC 9111 §4.2.2). */
function heuristicLifetime(response: ReceivedResponse, settings: PolicySettings, control: ResponseControl): Lifetime {
  if (!control.isPublic && !isHeuristicallyCacheable(response.status)) return NONE;
  const modifiedAt = parseHttpDate(single(response.fields, "last-modified") ?? "", response.receivedAt);
  if (modifiedAt === undefined) return NONE;
  const guessMs = Math.max(0, dateOf(response) - modifiedAt) * settings.heuristicFraction;
  return { ms: Math.min(guessMs, settings.maxHeuristicMs), source: "heuristic" };
}
