// When a stale response may be given (RFC 9111 §4.2.4, RFC 5861).

import type { Milliseconds } from "../../model/duration.ts";
import type { RequestControl } from "./request-control.ts";
import type { ResponseControl } from "./response-control.ts";
import type { PolicySettings } from "./settings.ts";

/** How long after its freshness a response may be given, and for what. Windows begin where freshness ends. */
export interface StaleWindows {
  /** While it is validated behind (RFC 5861 §3). */
  readonly whileRevalidateMs: Milliseconds;
  /** When the origin fails (RFC 5861 §4). */
  readonly ifErrorMs: Milliseconds;
}

const NEVER: StaleWindows = Object.freeze({ whileRevalidateMs: 0, ifErrorMs: 0 });

/**
 * Whether a response forbids that it is given stale, whoever asks (RFC 9111 §5.2.2.2, §5.2.2.4, §5.2.2.8): `must-revalidate`, `no-cache`,
 * and in a shared cache `proxy-revalidate`.
 */
function forbidsStale(control: ResponseControl, settings: PolicySettings): boolean {
  return control.noCache === true || control.mustRevalidate || (settings.isShared && control.proxyRevalidate);
}

/**
 * The windows of a response. What it says itself counts even beside `s-maxage`, which alone forbids what nobody has
 * asked for (RFC 9111 §5.2.2.10): the grace that the policy gives by default.
 */
export function staleWindows(control: ResponseControl, settings: PolicySettings): StaleWindows {
  if (forbidsStale(control, settings)) return NEVER;
  const hasDefaults = !forbidsUnasked(control, settings);
  const { staleWhileRevalidate, staleIfError } = control;
  return {
    whileRevalidateMs: toMs(staleWhileRevalidate) ?? (hasDefaults ? settings.staleWhileRevalidateMs : 0),
    ifErrorMs: toMs(staleIfError) ?? (hasDefaults ? settings.staleIfErrorMs : 0),
  };
}

/**
 * How stale a response a client accepts: `max-stale` (RFC 9111 §5.2.1.2); `undefined` where it does not, or the response forbids it.
 * `s-maxage` does: it has the meaning of `proxy-revalidate` (§5.2.2.10).
 */
export function acceptedStaleMs(
  asked: RequestControl,
  control: ResponseControl,
  settings: PolicySettings,
): Milliseconds | undefined {
  const isForbidden = forbidsStale(control, settings) || forbidsUnasked(control, settings);
  return isForbidden ? undefined : toMs(asked.maxStale);
}

/**
 * How stale a response may be given when the origin fails. A request's `stale-if-error` counts for itself instead of the response's
 * (RFC 5861 §4), unless the response has an `s-maxage` and no window of its own.
 */
export function errorWindowMs(asked: RequestControl, control: ResponseControl, settings: PolicySettings): Milliseconds {
  const { ifErrorMs } = staleWindows(control, settings);
  if (asked.staleIfError === undefined || forbidsStale(control, settings)) return ifErrorMs;
  if (forbidsUnasked(control, settings) && control.staleIfError === undefined) return 0;
  return asked.staleIfError * 1_000;
}

/** In a shared cache `s-maxage` forbids to give a stale response that the origin has not asked for. */
function forbidsUnasked(control: ResponseControl, settings: PolicySettings): boolean {
  return settings.isShared && control.sMaxAge !== undefined;
}

function toMs(seconds: number | undefined): Milliseconds | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}
