// Asking the origin whether stored responses still hold, and which its 304 is about (RFC 9111 §4.3).

import { combined, type FieldLine, fieldsOf, type ReceivedResponse, type RequestHead } from "./message.ts";
import { formatEntityTag, matchesStrongly, matchesWeakly, type EntityTag } from "./entity-tag.ts";
import { entityTagOf, lastModifiedOf } from "./validators.ts";

/** Conditions and ranges of the client, which are its own business: what the origin answers is for the cache. */
const CLIENT_CONDITIONS: ReadonlySet<string> = new Set([
  ...["if-none-match", "if-modified-since", "if-range", "range"],
]);

/**
 * The request that asks the origin if any of the stored responses still holds (RFC 9111 §4.3.1): with all their entity
 * tags, and with `Last-Modified` of one, as it was sent. Conditions and range of the client are left out: they are judged by what comes of
 * this. Without a validator at hand it just asks for the response.
 */
export function validationRequest(request: RequestHead, stored: readonly ReceivedResponse[]): RequestHead {
  const fields = fieldsOf(request.fields)
    .without((name) => CLIENT_CONDITIONS.has(name))
    .with(conditionsFor(stored));
  return { method: request.method, url: request.url, fields };
}

function conditionsFor(stored: readonly ReceivedResponse[]): FieldLine[] {
  const tags = stored.map(({ fields }) => entityTagOf(fields)).filter((tag) => tag !== undefined);
  const lines: FieldLine[] = [];
  if (tags.length > 0) lines.push(["If-None-Match", [...new Set(tags.map(formatEntityTag))].join(", ")]);
  const [only] = stored;
  const modified = stored.length === 1 && only !== undefined ? legibleDate(only) : undefined;
  if (modified !== undefined) lines.push(["If-Modified-Since", modified]);
  return lines;
}

/** As it was sent: some origins compare texts. */
function legibleDate(response: ReceivedResponse): string | undefined {
  return lastModifiedOf(response) === undefined ? undefined : combined(response.fields, "last-modified");
}

/**
 * Which of the stored responses a 304 is about (RFC 9111 §4.3.4), so that they may be updated and given. With a strong
 * entity tag: all that have it. With a weak validator: the latest that has it. None when nothing matches: then the
 * origin has to be asked for the response itself. A 304 without any validator is about the one response that was asked
 * about; the RFC allows that only where this one has none either, but origins that leave it out are many.
 */
export function selectedBy<R extends ReceivedResponse>(notModified: ReceivedResponse, stored: readonly R[]): R[] {
  const tag = entityTagOf(notModified.fields);
  if (tag !== undefined && !tag.isWeak) return stored.filter((one) => hasTag(one, tag, matchesStrongly));
  if (tag !== undefined) return latest(stored.filter((one) => hasTag(one, tag, matchesWeakly)));
  const modifiedAt = lastModifiedOf(notModified);
  if (modifiedAt !== undefined) return latest(stored.filter((one) => lastModifiedOf(one) === modifiedAt));
  return stored.length === 1 ? [...stored] : [];
}

function hasTag(response: ReceivedResponse, tag: EntityTag, matches: (a: EntityTag, b: EntityTag) => boolean): boolean {
  const own = entityTagOf(response.fields);
  return own !== undefined && matches(own, tag);
}

function latest<R extends ReceivedResponse>(stored: readonly R[]): R[] {
  return stored.toSorted((a, b) => b.receivedAt - a.receivedAt).slice(0, 1);
}
