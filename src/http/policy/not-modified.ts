// A 304 made of a stored response (RFC 9110 §15.4.5).

import type { FieldList } from "./message.ts";

/** What describes the content, which a 304 does not have. */
const OF_THE_CONTENT: ReadonlySet<string> = new Set([
  ...["content-length", "content-encoding", "content-language", "content-type", "content-range", "content-md5"],
  ...["content-disposition", "accept-ranges"],
]);

/**
 * The fields of a 304, of those that the response would be given with. Those that a 304 has to have stay as they are (`Content-Location`,
 * `Date`, `ETag`, `Vary`, `Cache-Control`, `Expires`); what describes the content goes, `Last-Modified` only where there is an entity tag.
 */
export function notModifiedFields(fields: FieldList): FieldList {
  const hasTag = fields.all("etag").length > 0;
  return fields.without((name) => describesContent(name) || (hasTag && name === "last-modified"));
}

/** Whether a field says something of the content of its own message. */
export function describesContent(name: string): boolean {
  return OF_THE_CONTENT.has(name);
}
