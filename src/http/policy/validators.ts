// What a response can be validated by: its entity tag and when it was modified (RFC 9110 §8.8).

import type { Instant } from "../../model/duration.ts";
import { dateOf } from "./age.ts";
import { parseEntityTag, type EntityTag } from "./entity-tag.ts";
import { parseHttpDate } from "./http-date.ts";
import { single, type Fields, type ReceivedResponse } from "./message.ts";

/** The entity tag of a response; `undefined` when there is none, or several, or it cannot be read. */
export function entityTagOf(fields: Fields): EntityTag | undefined {
  return parseEntityTag(single(fields, "etag"));
}

/** When the response says that it was modified; `undefined` when it does not, or not legibly. */
export function lastModifiedOf({ fields, receivedAt }: ReceivedResponse): Instant | undefined {
  const text = single(fields, "last-modified");
  return text === undefined ? undefined : parseHttpDate(text, receivedAt);
}

/** Whether the origin can be asked if the response still holds. */
export function hasValidator(response: ReceivedResponse): boolean {
  return entityTagOf(response.fields) !== undefined || lastModifiedOf(response) !== undefined;
}

/**
 * Whether `Last-Modified` names just these bytes (RFC 9110 §8.8.2.2): it lies at least a second before `Date`, so that
 * nothing else can have been made within its second.
 */
export function isLastModifiedStrong(response: ReceivedResponse): boolean {
  const modifiedAt = lastModifiedOf(response);
  return modifiedAt !== undefined && modifiedAt + 1_000 <= dateOf(response);
}
