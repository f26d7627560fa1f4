// What a client gets of a stored response: all of it, a part, its head, or word that it has it already.

import { hasContent, withFields } from "./fetch-response.ts";
import type { StoredAnswer } from "./incoming.ts";
import type { RouteSettings } from "./options.ts";
import { withCacheStatus } from "./policy/cache-status.ts";
import { fieldsOf, type FieldList, type FieldSource, type RequestHead } from "./policy/message.ts";
import { notModifiedFields } from "./policy/not-modified.ts";
import { evaluatePreconditions } from "./policy/preconditions.ts";
import { partFields, selectRange, unsatisfiableFields } from "./policy/range.ts";
import { fieldsNow, prepare, type Way } from "./prepared.ts";
import type { Place } from "./request-key.ts";
import type { StoredRoute } from "./stored.ts";
import { isSurrogateField } from "./surrogate-keys.ts";

/** The answer to a request from a stored response (RFC 9111 §4). */
export function respond(
  stored: StoredRoute,
  head: RequestHead,
  place: Place,
  way: Way,
  settings: RouteSettings,
): StoredAnswer {
  const prepared = prepare(stored, place, settings);
  const { response } = prepared;
  const fields = fieldsNow(prepared, way, settings.clock.now(), settings);
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
export function passedOn(response: Response, way: Way, head: RequestHead, settings: RouteSettings): Response {
  return withFields(response, passedFields(response.headers, way, settings), head);
}

/** The fields of a response that is not the cache's. */
export function passedFields(fields: FieldSource, way: Way, { cacheName }: RouteSettings): FieldList {
  return withCacheStatus(fieldsOf(fields).without(isSurrogateField), { cache: cacheName, ...way });
}

function answer(
  status: number,
  statusText: string,
  fields: FieldList,
  body: Uint8Array | undefined,
  head: RequestHead,
): StoredAnswer {
  return { kind: "stored", status, statusText, fields, body: hasContent(head, status) ? body : undefined };
}

/** A 412 has nothing of the response but what concerns caches. */
function unsatisfied(fields: FieldList): FieldList {
  return notModifiedFields(fields).with([["Content-Length", "0"]]);
}
