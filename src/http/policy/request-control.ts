// What a request asks of caches (RFC 9111 §5.2.1). Clients ask; a cache may be told not to listen.

import { parseDirectives, restricts, seconds, type Directive, type Seconds } from "./directives.ts";
import type { RequestHead } from "./message.ts";
import type { PolicySettings } from "./settings.ts";

/** The directives of a request. */
export interface RequestControl {
  /** 0 when it is invalid. */
  readonly maxAge: Seconds | undefined;
  /** Infinite when it is invalid. */
  readonly minFresh: Seconds | undefined;
  /** Infinite without an argument, absent when it is invalid. */
  readonly maxStale: Seconds | undefined;
  readonly noCache: boolean;
  readonly noStore: boolean;
  readonly onlyIfCached: boolean;
  /** RFC 5861 §4. Absent when it is invalid. */
  readonly staleIfError: Seconds | undefined;
}

/** A request that asks for nothing. */
const NOTHING: RequestControl = Object.freeze({
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  staleIfError: undefined,
});

/** What a request asks for; nothing, where the policy does not listen. Never throws. */
export function requestControl(request: RequestHead, settings: PolicySettings): RequestControl {
  if (!settings.obeysRequests) return NOTHING;
  const lines = request.fields.all("cache-control");
  const directives = parseDirectives(lines);
  return {
    maxAge: seconds(directives, "max-age", 0),
    minFresh: seconds(directives, "min-fresh", Infinity),
    maxStale: maxStale(directives),
    noCache: lines.length > 0 ? restricts(directives, "no-cache") : pragmaSaysNoCache(request),
    noStore: restricts(directives, "no-store"),
    onlyIfCached: restricts(directives, "only-if-cached"),
    staleIfError: seconds(directives, "stale-if-error", undefined),
  };
}

/** Without an argument: however stale (RFC 9111 §5.2.1.2). */
function maxStale(directives: readonly Directive[]): Seconds | undefined {
  const found = directives.filter(({ name }) => name === "max-stale");
  if (found.length > 0 && found.every((one) => one.argument === undefined && !one.isMalformed)) return Infinity;
  return seconds(directives, "max-stale", undefined);
}

/** `Pragma: no-cache` of a request without `Cache-Control` (RFC 9111 §5.4). It means nothing in responses. */
function pragmaSaysNoCache(request: RequestHead): boolean {
  return restricts(parseDirectives(request.fields.all("pragma")), "no-cache");
}
