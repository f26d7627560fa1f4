// Whether a stored response answers a request, and what has to be done before or after (RFC 9111 §4).

import type { Instant, Milliseconds } from "../../model/duration.ts";
import { currentAgeMs } from "./age.ts";
import { freshnessLifetime } from "./freshness.ts";
import type { ReceivedResponse, RequestHead } from "./message.ts";
import { isForOrigin } from "./preconditions.ts";
import { selectFromPart } from "./range.ts";
import { requestControl, type RequestControl } from "./request-control.ts";
import { responseControl, type ResponseControl } from "./response-control.ts";
import type { PolicySettings } from "./settings.ts";
import { acceptedStaleMs, errorWindowMs, staleWindows } from "./stale.ts";
import { allowsCredentials } from "./storing.ts";
import { matchesSelection, varyNames, type Selection } from "./vary.ts";

/** A response in a cache. */
export interface StoredResponse extends ReceivedResponse {
  /** What of the request it was selected by: `selectionOf(varyNames(…), request)`. */
  readonly selection: Selection;
}

/** What is to be done with a stored response. */
export type Reuse =
  /** Give it. */
  | { readonly kind: "fresh" }
  /** Give it; and for `stale-while-revalidate` validate it behind. */
  | { readonly kind: "stale"; readonly because: "max-stale" | "stale-while-revalidate" }
  /** Ask the origin first. `request`: the client wants it; `no-cache`: the response does. */
  | { readonly kind: "validate"; readonly because: "stale" | "no-cache" | "request" }
  /**
   * It is not for this request. `precondition`: only the origin can judge what the client has asked for. `partial`: a
   * part is stored, and another one is asked for, or the whole.
   */
  | { readonly kind: "unusable"; readonly because: "method" | "vary" | "precondition" | "credentials" | "partial" };

/**
 * What a stored response under the URI of a request is good for, at an instant (RFC 9111 §4). Several variants: the
 * caller asks of each, and takes the first that is not `unusable`, the latest first (§4.1).
 */
export function decideReuse(
  request: RequestHead,
  stored: StoredResponse,
  now: Instant,
  settings: PolicySettings,
): Reuse {
  const control = responseControl(stored, settings);
  const because = unusableBecause(request, stored, control, settings);
  if (because !== undefined) return { kind: "unusable", because };
  if (control.noCache === true) return { kind: "validate", because: "no-cache" };
  const asked = requestControl(request, settings);
  const ageMs = currentAgeMs(stored, now);
  const remainingMs = freshnessLifetime(stored, settings, control).ms - ageMs;
  if (wantsOther(asked, ageMs, remainingMs)) return { kind: "validate", because: "request" };
  if (remainingMs > 0) return { kind: "fresh" };
  return decideStale(-remainingMs, asked, control, settings);
}

/**
 * Whether a stored response may be given because the origin failed: it could not be reached, or answered with 500, 502,
 * 503 or 504 (RFC 5861 §4). A client that asked for validation gets the failure.
 */
export function mayReuseOnError(
  request: RequestHead,
  stored: StoredResponse,
  now: Instant,
  settings: PolicySettings,
): boolean {
  const control = responseControl(stored, settings);
  const asked = requestControl(request, settings);
  if (asked.noCache || unusableBecause(request, stored, control, settings) !== undefined) return false;
  const staleMs = currentAgeMs(stored, now) - freshnessLifetime(stored, settings, control).ms;
  return staleMs < errorWindowMs(asked, control, settings);
}

/** GET answers GET and HEAD; nothing else is answered from a cache. */
function unusableBecause(
  request: RequestHead,
  stored: StoredResponse,
  control: ResponseControl,
  settings: PolicySettings,
): Extract<Reuse, { kind: "unusable" }>["because"] | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return "method";
  if (isForOrigin(request)) return "precondition";
  if (!isSelected(request, stored, settings)) return "vary";
  if (stored.status === 206 && selectFromPart(request, stored) === undefined) return "partial";
  // For routes credentials may change the answer, and the response does not say that they do not.
  return settings.mode === "route" && !allowsCredentials(request, control, settings) ? "credentials" : undefined;
}

/** A 304 may have brought another `Vary`: by what it was not selected by, nobody can tell whom it is for. */
function isSelected(request: RequestHead, stored: StoredResponse, settings: PolicySettings): boolean {
  const names = varyNames(stored.fields);
  const known = new Set(stored.selection.map(([name]) => name));
  if (names === "*" || !names.every((name) => known.has(name))) return false;
  return matchesSelection(stored.selection, request, stored, settings);
}

/** Whether a client asks for something else than this response (RFC 9111 §5.2.1.1, §5.2.1.3, §5.2.1.4). */
function wantsOther(asked: RequestControl, ageMs: Milliseconds, remainingMs: Milliseconds): boolean {
  if (asked.noCache) return true;
  if (asked.maxAge !== undefined && ageMs > asked.maxAge * 1_000) return true;
  return asked.minFresh !== undefined && remainingMs < asked.minFresh * 1_000;
}

function decideStale(
  staleMs: Milliseconds,
  asked: RequestControl,
  control: ResponseControl,
  settings: PolicySettings,
): Reuse {
  if (staleMs < staleWindows(control, settings).whileRevalidateMs) {
    return { kind: "stale", because: "stale-while-revalidate" };
  }
  const acceptedMs = acceptedStaleMs(asked, control, settings);
  const isAccepted = acceptedMs !== undefined && staleMs <= acceptedMs;
  return isAccepted ? { kind: "stale", because: "max-stale" } : { kind: "validate", because: "stale" };
}
