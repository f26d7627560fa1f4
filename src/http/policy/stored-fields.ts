// Which header fields go on, are kept, and are given from the cache (RFC 9110 §7.6.1, RFC 9111 §3.1).

import type { Instant } from "../../model/duration.ts";
import { currentAgeMs, dateOf, hasDate } from "./age.ts";
import { formatHttpDate } from "./http-date.ts";
import { fieldsOf, type FieldList, type Fields, type ReceivedResponse } from "./message.ts";
import { responseControl } from "./response-control.ts";
import type { PolicySettings } from "./settings.ts";
import { listMembers } from "./syntax.ts";

/** Fields of one connection (RFC 9110 §7.6.1). Trailer fields are not kept, so what announces them goes as well. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "te", "transfer-encoding", "upgrade", "trailer"],
]);

/** Fields between a client and its proxy (RFC 9111 §3.1). */
const PROXY: ReadonlySet<string> = new Set([
  ...["proxy-authenticate", "proxy-authentication-info", "proxy-authorization"],
]);

/** What a cache must know of a response, whatever `Connection` or `private="…"` say of it. */
const NEEDED: ReadonlySet<string> = new Set(["age", "cache-control", "date", "expires", "vary"]);

/** Without the fields that concern one connection only, those that `Connection` names among them (RFC 9110 §7.6.1). */
export function endToEndFields(fields: Fields): FieldList {
  const named = connectionOptions(fields);
  return fieldsOf(fields).without((name) => HOP_BY_HOP.has(name) || (named.has(name) && !NEEDED.has(name)));
}

/**
 * The fields of a response that are stored (RFC 9111 §3.1): not those of the connection, not those of a proxy, and in a
 * shared cache not those that `private="…"` names. Without a legible `Date` it is dated by when it came (RFC 9110 §6.6.1).
 */
export function storedFields(response: ReceivedResponse, settings: PolicySettings): FieldList {
  const { isPrivate } = responseControl(response, settings);
  const hidden = new Set(settings.isShared && Array.isArray(isPrivate) ? isPrivate : []);
  const kept = endToEndFields(response.fields).without((name) => PROXY.has(name) || hidden.has(name));
  return hasDate(response) ? kept : kept.with([["Date", formatHttpDate(dateOf(response))]]);
}

/**
 * The fields that a stored response is given with, without asking the origin: `Age` says how old it is, in whole
 * seconds (RFC 9111 §5.1), and fields that `no-cache="…"` names are left out (§5.2.2.4).
 */
export function reusedFields(response: ReceivedResponse, now: Instant, settings: PolicySettings): FieldList {
  const { noCache } = responseControl(response, settings);
  const hidden = new Set(Array.isArray(noCache) ? noCache : []);
  const age = Math.floor(currentAgeMs(response, now) / 1_000);
  return fieldsOf(response.fields)
    .without((name) => hidden.has(name))
    .with([["Age", String(age)]]);
}

/** Whether `private="…"` names what the cache itself needs. Then it is about all of the response. */
export function hidesNeeded(names: readonly string[]): boolean {
  return names.some((name) => NEEDED.has(name));
}

function connectionOptions(fields: Fields): Set<string> {
  return new Set(listMembers(fields.all("connection")).map((name) => name.toLowerCase()));
}
