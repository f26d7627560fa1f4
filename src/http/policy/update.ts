// Bringing a stored response up to date by a later one (RFC 9111 §3.2): a 304 (§4.3.4), or one to HEAD (§4.3.5).

import { matchesWeakly } from "./entity-tag.ts";
import { combined, fieldsOf, single, type FieldList, type ReceivedResponse } from "./message.ts";
import type { PolicySettings } from "./settings.ts";
import { storedFields } from "./stored-fields.ts";
import { entityTagOf, lastModifiedOf } from "./validators.ts";

/** What describes the stored bytes, which do not change with a 304 (RFC 9111 §3.2). */
const OF_THE_BYTES: ReadonlySet<string> = new Set(["content-length", "content-encoding", "content-range"]);

/**
 * A stored response with the fields of a later one (RFC 9111 §3.2): each that this has takes the place of all lines of
 * its name. Left as they are: what describes the bytes, and what is never stored. Its age is that of the later one.
 * Whether it may still be stored has to be asked again (`refusalToStore`): a 304 may say `private`, or set a cookie.
 */
export function updated<R extends ReceivedResponse>(stored: R, later: ReceivedResponse, settings: PolicySettings): R {
  const lines = [...storedFields(later, settings)].filter(([name]) => !OF_THE_BYTES.has(name.toLowerCase()));
  const { requestedAt, receivedAt } = later;
  return { ...stored, fields: withoutAge(stored).with(lines), requestedAt, receivedAt };
}

/** What a response to HEAD makes of a stored response to GET. */
export type HeadEffect = "none" | "update" | "invalidate";

/**
 * What becomes of a stored response when HEAD was answered with 200 (RFC 9111 §4.3.5): it is updated where the validators and the length
 * that the answer names are its own; otherwise it is another's, and ends.
 */
export function effectOfHead(stored: ReceivedResponse, head: ReceivedResponse): HeadEffect {
  if (head.status !== 200 || stored.status !== 200) return "none";
  const isSame = hasSameTag(stored, head) && hasSameDate(stored, head) && hasSameLength(stored, head);
  return isSame ? "update" : "invalidate";
}

/** The age that a stored response came with says nothing after it has been validated. */
function withoutAge({ fields }: ReceivedResponse): FieldList {
  return fieldsOf(fields).without((name) => name === "age");
}

function hasSameTag(stored: ReceivedResponse, head: ReceivedResponse): boolean {
  if (combined(head.fields, "etag") === undefined) return true;
  const tag = entityTagOf(head.fields);
  const own = entityTagOf(stored.fields);
  return tag !== undefined && own !== undefined && tag.isWeak === own.isWeak && matchesWeakly(tag, own);
}

function hasSameDate(stored: ReceivedResponse, head: ReceivedResponse): boolean {
  return combined(head.fields, "last-modified") === undefined || lastModifiedOf(head) === lastModifiedOf(stored);
}

function hasSameLength(stored: ReceivedResponse, head: ReceivedResponse): boolean {
  const length = combined(head.fields, "content-length");
  const own = single(stored.fields, "content-length");
  return length === undefined || own === undefined || length === own;
}
