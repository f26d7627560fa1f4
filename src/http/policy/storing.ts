// Whether a response is stored, and if not, why (RFC 9111 §3).

import { freshnessLifetime, isExplicit } from "./freshness.ts";
import { parseContentRange } from "./content-range.ts";
import { single, type ReceivedResponse, type RequestHead } from "./message.ts";
import { requestControl } from "./request-control.ts";
import { responseControl, type ResponseControl } from "./response-control.ts";
import type { PolicySettings } from "./settings.ts";
import { isFinal, isHeuristicallyCacheable, isUnderstood } from "./status.ts";
import { hidesNeeded } from "./stored-fields.ts";
import { isSameUri } from "./uri.ts";
import { hasValidator } from "./validators.ts";
import { varyNames } from "./vary.ts";

/** Why a response is not stored. */
export type StoreRefusal =
  /** Responses to this method are not, or only under conditions that this one does not meet. */
  | "method"
  /** The status is interim, is 304, or is one that the cache does not know while it must. */
  | "status"
  /** A part: of a route, of several parts, or without saying which. */
  | "partial"
  /** The request says `no-store`. */
  | "request-no-store"
  /** The response says `no-store`. */
  | "no-store"
  /** The response is for one user. */
  | "private"
  /** The request had credentials, and the response does not say that others may see it. */
  | "credentials"
  /** The response sets a cookie. */
  | "set-cookie"
  /** The response varies by what the key does not hold, or by what nobody can tell. */
  | "vary"
  /** The response says neither how long it holds nor how it could be validated. */
  | "no-lifetime";

interface Question {
  readonly request: RequestHead;
  readonly response: ReceivedResponse;
  readonly control: ResponseControl;
  readonly settings: PolicySettings;
}

type Rule = (question: Question) => StoreRefusal | undefined;

/** Each answers with its reason, or with nothing. The order is that of the RFC, and shows in `Cache-Status` only. */
const RULES: readonly Rule[] = [
  methodIsCacheable,
  statusIsUnderstood,
  partCanBeKept,
  noStoreIsAbsent,
  isNotPrivate,
  credentialsAllowIt,
  setsNoCookie,
  variesByKnownFields,
  canBeOfUse,
];

/**
 * Why a response must not, or should not, be stored (RFC 9111 §3); `undefined` when it may be. Asked of a complete response: one that was
 * cut short is not stored, whatever this says.
 */
export function refusalToStore(
  request: RequestHead,
  response: ReceivedResponse,
  settings: PolicySettings,
): StoreRefusal | undefined {
  const question = { request, response, settings, control: responseControl(response, settings) };
  for (const rule of RULES) {
    const refusal = rule(question);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** GET; and POST whose response says how long it is fresh, and that it is what its URI stands for (RFC 9110 §9.3.3). */
function methodIsCacheable({ request, response, control, settings }: Question): StoreRefusal | undefined {
  if (request.method === "GET") return undefined;
  if (request.method !== "POST" || settings.mode === "route") return "method";
  const location = single(response.fields, "content-location");
  const isItself = location !== undefined && isSameUri(request.url, location);
  return isItself && isExplicit(freshnessLifetime(response, settings, control)) ? undefined : "method";
}

/** Final; known, where `must-understand` asks for that (RFC 9111 §5.2.2.3); no 304, which is about another response. */
function statusIsUnderstood({ response: { status }, control }: Question): StoreRefusal | undefined {
  if (!isFinal(status) || status === 304) return "status";
  return control.mustUnderstand && !isUnderstood(status) ? "status" : undefined;
}

/** RFC 9111 §3.3. */
function partCanBeKept({ request, response, settings }: Question): StoreRefusal | undefined {
  if (response.status !== 206) return undefined;
  const isKnown = request.method === "GET" && parseContentRange(response.fields) !== undefined;
  return isKnown && settings.mode === "full" ? undefined : "partial";
}

/** `must-understand` takes the place of a `no-store` beside it, for caches that know it (RFC 9111 §5.2.2.3). */
function noStoreIsAbsent({ request, control, settings }: Question): StoreRefusal | undefined {
  if (requestControl(request, settings).noStore) return "request-no-store";
  return control.noStore && !control.mustUnderstand ? "no-store" : undefined;
}

/** In a shared cache (RFC 9111 §5.2.2.7). With names of fields it is about those, if the cache can do without them. */
function isNotPrivate({ control: { isPrivate }, settings }: Question): StoreRefusal | undefined {
  if (!settings.isShared || isPrivate === false) return undefined;
  return isPrivate === true || hidesNeeded(isPrivate) ? "private" : undefined;
}

/** In a shared cache (RFC 9111 §3.5), and for routes cookies as well. */
function credentialsAllowIt({ request, control, settings }: Question): StoreRefusal | undefined {
  return allowsCredentials(request, control, settings) ? undefined : "credentials";
}

/**
 * Whether credentials of a request stand in the way of a stored response (RFC 9111 §3.5). For routes a `Cookie` does, too, unless the
 * response is called public. Declared headers are part of the key, so they do not.
 */
export function allowsCredentials(request: RequestHead, control: ResponseControl, settings: PolicySettings): boolean {
  if (!settings.isShared) return true;
  const has = (name: string): boolean => request.fields.all(name).length > 0 && !settings.declared.has(name);
  if (has("authorization") && !control.allowsAuthorized) return false;
  return settings.mode === "full" || !has("cookie") || control.isPublic;
}

/** A cookie is for one user, unless the response is called public. */
function setsNoCookie({ response, control, settings }: Question): StoreRefusal | undefined {
  if (!settings.isShared || response.fields.all("set-cookie").length === 0) return undefined;
  const isAllowed = settings.setCookie === "store" || (settings.setCookie === "public" && control.isPublic);
  return isAllowed ? undefined : "set-cookie";
}

/** `*` matches no request (RFC 9111 §4.1). For routes the key is what it is declared to be. */
function variesByKnownFields({ response, settings }: Question): StoreRefusal | undefined {
  const names = varyNames(response.fields);
  if (names === "*") return "vary";
  return settings.mode === "route" && !names.every((name) => settings.declared.has(name)) ? "vary" : undefined;
}

/** A lifetime, said or guessed; or a validator, where a response may be kept that says nothing (RFC 9111 §3). */
function canBeOfUse({ response, control, settings }: Question): StoreRefusal | undefined {
  const lifetime = freshnessLifetime(response, settings, control);
  if (isExplicit(lifetime) || lifetime.ms > 0) return undefined;
  const isKeepable = control.isPublic || control.isPrivate !== false || isHeuristicallyCacheable(response.status);
  return isKeepable && hasValidator(response) ? undefined : "no-lifetime";
}
