// What the conditions of a request say of a response at hand, in the order in which they count (RFC 9110 §13.2.2).

import { dateOf } from "./age.ts";
import { matchesStrongly, matchesWeakly, parseEntityTags, type EntityTag } from "./entity-tag.ts";
import { parseHttpDate } from "./http-date.ts";
import { combined, type ReceivedResponse, type RequestHead } from "./message.ts";
import { entityTagOf, lastModifiedOf } from "./validators.ts";

/** Give the response; or say that the client has it (304); or that what it asked for is not so (412). */
export type Verdict = "proceed" | "not-modified" | "failed";

/** Whether a request has conditions that are for the origin alone to judge (RFC 9111 §4.3.2). */
export function isForOrigin({ fields }: RequestHead): boolean {
  return fields.all("if-match").length > 0 || fields.all("if-unmodified-since").length > 0;
}

/**
 * What the conditions of a request come to (RFC 9110 §13.2.2). Entity tags come before dates; a date that cannot be
 * read is no condition. A response that is not 2xx is given whatever the conditions are (§13.2.1). `If-Range` belongs to
 * ranges: see `selectRange`.
 */
export function evaluatePreconditions(request: RequestHead, response: ReceivedResponse): Verdict {
  if (response.status < 200 || response.status > 299) return "proceed";
  if (!isMatch(request, response)) return "failed";
  if (!isModified(request, response)) return isRead(request) ? "not-modified" : "failed";
  return "proceed";
}

/** `If-Match`, or without one `If-Unmodified-Since` (RFC 9110 §13.1.1, §13.1.4). */
function isMatch({ fields }: RequestHead, response: ReceivedResponse): boolean {
  const tags = combined(fields, "if-match");
  if (tags !== undefined) return namesTag(tags, response, matchesStrongly);
  const since = dateIn(fields.all("if-unmodified-since"), response);
  const modifiedAt = since === undefined ? undefined : lastModifiedOf(response);
  return since === undefined || modifiedAt === undefined || modifiedAt <= since;
}

/** `If-None-Match`, or without one `If-Modified-Since` (RFC 9110 §13.1.2, §13.1.3). */
function isModified(request: RequestHead, response: ReceivedResponse): boolean {
  const tags = combined(request.fields, "if-none-match");
  if (tags !== undefined) return !namesTag(tags, response, matchesWeakly);
  const since = isRead(request) ? dateIn(request.fields.all("if-modified-since"), response) : undefined;
  // A cache goes by Date where nobody said when the response was modified (RFC 9111 §4.3.2).
  return since === undefined || (lastModifiedOf(response) ?? dateOf(response)) > since;
}

function isRead({ method }: RequestHead): boolean {
  return method === "GET" || method === "HEAD";
}

function namesTag(
  value: string,
  response: ReceivedResponse,
  matches: (a: EntityTag, b: EntityTag) => boolean,
): boolean {
  const tags = parseEntityTags(value);
  if (tags === "*") return true;
  const own = entityTagOf(response.fields);
  return own !== undefined && tags.some((tag) => matches(tag, own));
}

function dateIn(values: readonly string[], { receivedAt }: ReceivedResponse): number | undefined {
  const [text] = values;
  return text === undefined || values.length > 1 ? undefined : parseHttpDate(text, receivedAt);
}
