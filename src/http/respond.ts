// What a client gets of a stored response: all of it, a part, its head, or word that it has it already.

import type { Instant } from "../model/duration.ts";
import { hasNoBody } from "./fill.ts";
import type { HandlerSettings } from "./options.ts";
import { withCacheStatus, type CacheStatus } from "./policy/cache-status.ts";
import { remainingMs } from "./policy/freshness.ts";
import { fieldsOf, type FieldList, type RequestHead } from "./policy/message.ts";
import { notModifiedFields } from "./policy/not-modified.ts";
import { evaluatePreconditions } from "./policy/preconditions.ts";
import { partFields, selectRange, unsatisfiableFields } from "./policy/range.ts";
import { reusedFields } from "./policy/stored-fields.ts";
import { varyNames } from "./policy/vary.ts";
import type { Place } from "./request-key.ts";
import { asPolicyResponse, type StoredRoute } from "./stored.ts";
import { isSurrogateField } from "./surrogate-keys.ts";

/** What is said about the way of a response in `Cache-Status`, besides the cache's name. */
export type Way = Omit<CacheStatus, "cache">;

/** The answer to a request from a stored response (RFC 9111 §4). */
export function respond(
  stored: StoredRoute,
  head: RequestHead,
  place: Place,
  way: Way,
  settings: HandlerSettings,
): Response {
  const now = settings.clock.now();
  const fields = fieldsFor(stored, place, { ...way, ttl: secondsLeft(stored, place, now) }, now, settings);
  const response = asPolicyResponse(stored);
  const { status, statusText, body } = stored;
  switch (evaluatePreconditions(head, response)) {
    case "not-modified":
      return answer(304, "", notModifiedFields(fields), undefined, head);
    case "failed":
      return answer(412, "", unsatisfied(fields), undefined, head);
    case "proceed":
      break;
  }
  const range = selectRange(head, response, body.byteLength);
  if (range.kind === "unsatisfiable")
    return answer(416, "", unsatisfiableFields(fields, body.byteLength), undefined, head);
  if (range.kind === "whole") return answer(status, statusText, fields, body, head);
  const part = body.subarray(range.first, range.last + 1);
  return answer(206, "", partFields(fields, range, body.byteLength), part, head);
}

/** A response that is its caller's alone, with what the cache has to say about it, and without its surrogate keys. */
export function passedOn(response: Response, way: Way, head: RequestHead, settings: HandlerSettings): Response {
  const { status, statusText } = response;
  // Nobody can make another of these: an upgrade, or a failure of the network.
  if (status < 200) return response;
  const fields = fieldsOf(response.headers).without(isSurrogateField);
  const said = withCacheStatus(fields, { cache: settings.cacheName, ...way });
  const isHead = head.method === "HEAD";
  if (isHead) void response.body?.cancel().catch(() => undefined);
  const body = isHead || hasNoBody(status) ? null : response.body;
  return new Response(body, { status, statusText, headers: headersOf(said) });
}

function answer(
  status: number,
  statusText: string,
  fields: FieldList,
  body: Uint8Array | undefined,
  { method }: RequestHead,
): Response {
  const content = method === "HEAD" || hasNoBody(status) ? null : (body ?? null);
  return new Response(content as Uint8Array<ArrayBuffer> | null, { status, statusText, headers: headersOf(fields) });
}

/** Those of the stored response, with its age; and with the policy for browsers in the place of that for this cache. */
function fieldsFor(stored: StoredRoute, place: Place, way: Way, now: Instant, settings: HandlerSettings): FieldList {
  const { policy, isPartition } = place;
  const response = asPolicyResponse(stored);
  // Age would say that the response was not made for this request (RFC 9111 §5.1).
  const own = way.isStored === true ? fieldsOf(response.fields) : reusedFields(response, now, policy);
  const given = own.without((name) => policy.targets.includes(name));
  const browser = settings.browser ?? (isPartition ? "private, no-cache" : "no-cache");
  const replaced =
    browser === "as-is" ? given : given.without((name) => name === "expires").with([["Cache-Control", browser]]);
  return withCacheStatus(withVary(replaced, settings), { cache: settings.cacheName, ...way });
}

/** Caches in front have to know what the answers depend on, also where the handler does not say so. */
function withVary(fields: FieldList, { vary }: HandlerSettings): FieldList {
  const names = varyNames(fields);
  const missing = names === "*" ? [] : vary.filter((name) => !names.includes(name));
  return missing.length === 0 ? fields : fields.with([["Vary", [...fields.all("vary"), ...missing].join(", ")]]);
}

/** A 412 has nothing of the response but what concerns caches. */
function unsatisfied(fields: FieldList): FieldList {
  return notModifiedFields(fields).with([["Content-Length", "0"]]);
}

function secondsLeft(stored: StoredRoute, { policy }: Place, now: Instant): number {
  return remainingMs(asPolicyResponse(stored), now, policy) / 1_000;
}

function headersOf(fields: FieldList): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}
