// What a response says about its caching: in the first targeted field that counts, else in Cache-Control (RFC 9213 §2.2).

import { parseDirectives, permits, qualified, restricts, seconds } from "./directives.ts";
import type { Directive, Qualified, Seconds } from "./directives.ts";
import type { Fields, ResponseHead } from "./message.ts";
import type { PolicySettings } from "./settings.ts";
import { parseDictionary, type DictionaryValue } from "./structured-field.ts";

/** The directives of a response, read once. */
export interface ResponseControl {
  /** The field that counts, in lower case. A targeted one takes the place of `Cache-Control` and `Expires`. */
  readonly field: string;
  readonly noStore: boolean;
  readonly noCache: Qualified;
  readonly isPrivate: Qualified;
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  /** Whether it says that a shared cache may keep what a request with credentials has brought (RFC 9111 §3.5). */
  readonly allowsAuthorized: boolean;
  /** 0 when it is invalid, which makes the response stale (RFC 9111 §4.2.1). */
  readonly maxAge: Seconds | undefined;
  /** The same. */
  readonly sMaxAge: Seconds | undefined;
  /** RFC 5861 §3. 0 when it is invalid. */
  readonly staleWhileRevalidate: Seconds | undefined;
  /** RFC 5861 §4. 0 when it is invalid. */
  readonly staleIfError: Seconds | undefined;
}

const CACHE_CONTROL = "cache-control";

/** The directives that count for this cache. Never throws. */
export function responseControl(response: Pick<ResponseHead, "fields">, settings: PolicySettings): ResponseControl {
  for (const field of settings.targets) {
    const directives = targetedDirectives(response.fields, field);
    if (directives !== undefined) return control(field, directives);
  }
  return control(CACHE_CONTROL, parseDirectives(response.fields.all(CACHE_CONTROL)));
}

/** Whether `Expires` counts beside these directives: not beside those of a targeted field (RFC 9213 §2.2). */
export function heedsExpires({ field }: ResponseControl): boolean {
  return field === CACHE_CONTROL;
}

function control(field: string, directives: readonly Directive[]): ResponseControl {
  const sMaxAge = seconds(directives, "s-maxage", 0);
  const isPublic = permits(directives, "public");
  return {
    field,
    noStore: restricts(directives, "no-store"),
    noCache: qualified(directives, "no-cache"),
    isPrivate: qualified(directives, "private"),
    isPublic,
    mustRevalidate: restricts(directives, "must-revalidate"),
    proxyRevalidate: restricts(directives, "proxy-revalidate"),
    mustUnderstand: permits(directives, "must-understand"),
    // A malformed s-maxage is 0 as well, and permits nothing.
    allowsAuthorized: isPublic || permits(directives, "must-revalidate") || (sMaxAge ?? 0) > 0,
    maxAge: seconds(directives, "max-age", 0),
    sMaxAge,
    staleWhileRevalidate: seconds(directives, "stale-while-revalidate", 0),
    staleIfError: seconds(directives, "stale-if-error", 0),
  };
}

/**
 * The directives of a targeted field (RFC 9213 §2.1). `undefined` when it is not there, is empty or cannot be parsed: then the
 * next field counts.
 */
function targetedDirectives(fields: Fields, field: string): Directive[] | undefined {
  const members = parseDictionary(fields.all(field));
  if (members === undefined || members.size === 0) return undefined;
  return [...members].flatMap(([name, value]) => directiveOf(name, value));
}

/** A value of a type that a directive does not have counts where it restricts. A directive that is `?0` is not there. */
function directiveOf(name: string, value: DictionaryValue): Directive[] {
  if (value.type === "boolean") return value.value ? [{ name, argument: undefined, isMalformed: false }] : [];
  if (value.type === "integer") return [{ name, argument: String(value.value), isMalformed: false }];
  const isText = value.type === "string" || value.type === "token";
  if (isText && !isTime(name)) return [{ name, argument: value.value, isMalformed: false }];
  return [{ name, argument: undefined, isMalformed: true }];
}

/** Directives whose value is a number of seconds, which a String of digits is not. */
function isTime(name: string): boolean {
  return ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"].includes(name);
}
