// Single ranges of a stored response (RFC 9110 §14).

import { formatContentRange, parseContentRange, type ByteRange } from "./content-range.ts";
import { matchesStrongly, parseEntityTag } from "./entity-tag.ts";
import { parseHttpDate } from "./http-date.ts";
import { combined, single, type FieldList, type ReceivedResponse, type RequestHead } from "./message.ts";
import { describesContent } from "./not-modified.ts";
import { entityTagOf, isLastModifiedStrong, lastModifiedOf } from "./validators.ts";

/** What of a response is given. */
export type RangeSelection =
  /** All of it, as if no range had been asked for. */
  | { readonly kind: "whole" }
  /** A part, with 206. */
  | ({ readonly kind: "part" } & ByteRange)
  /** Nothing, with 416. */
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeSelection = Object.freeze({ kind: "whole" });
const SPEC = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i;

/**
 * What a GET with `Range` is given of a complete 200 of `length` bytes (RFC 9110 §14.2). Several ranges, another unit and what cannot be
 * read are no range. `If-Range` that names something else than this response makes it whole (§13.1.5).
 */
export function selectRange(request: RequestHead, response: ReceivedResponse, length: number): RangeSelection {
  if (request.method !== "GET" || response.status !== 200) return WHOLE;
  const match = SPEC.exec(single(request.fields, "range") ?? "");
  if (match === null || !ifRangeHolds(request, response)) return WHOLE;
  return rangeOf(match, length);
}

/**
 * The bytes of the whole that a GET with `Range` is given of a stored 206 (RFC 9111 §3.4); `undefined` when that does not hold
 * them all, or holds something else than `If-Range` names.
 */
export function selectFromPart(request: RequestHead, stored: ReceivedResponse): ByteRange | undefined {
  const place = parseContentRange(stored.fields);
  const match = request.method === "GET" ? SPEC.exec(single(request.fields, "range") ?? "") : null;
  if (match === null || place === undefined || !ifRangeHolds(request, stored)) return undefined;
  const wanted = wantedRange(match, place.total);
  return wanted !== undefined && place.first <= wanted.first && wanted.last <= place.last ? wanted : undefined;
}

/** Without the length of the whole only a range that names its end is known. */
function wantedRange(match: RegExpExecArray, total: number | undefined): ByteRange | undefined {
  const selection = rangeOf(match, total ?? Infinity);
  return selection.kind === "part" && selection.last !== Infinity ? selection : undefined;
}

/** The fields of a 206, of those that the whole would be given with (RFC 9110 §15.3.7). */
export function partFields(fields: FieldList, range: ByteRange, length: number): FieldList {
  const contentRange = formatContentRange({ first: range.first, last: range.last, total: length });
  return fields.with([
    ["Content-Range", contentRange],
    ["Content-Length", String(range.last - range.first + 1)],
  ]);
}

/** The fields of a 416 (RFC 9110 §15.5.17): how long the response is, and nothing that describes its content. */
export function unsatisfiableFields(fields: FieldList, length: number): FieldList {
  return fields
    .without((name) => describesContent(name) || name === "etag" || name === "last-modified")
    .with([
      ["Content-Range", `bytes */${length}`],
      ["Content-Length", "0"],
    ]);
}

function rangeOf(match: RegExpExecArray, length: number): RangeSelection {
  return match[3] === undefined
    ? fromStart(Number(match[1]), match[2] ?? "", length)
    : suffix(Number(match[3]), length);
}

function fromStart(first: number, end: string, length: number): RangeSelection {
  const last = end === "" ? Infinity : Number(end);
  if (last < first) return WHOLE;
  return first < length ? { kind: "part", first, last: Math.min(last, length - 1) } : { kind: "unsatisfiable" };
}

function suffix(count: number, length: number): RangeSelection {
  if (count === 0 || length === 0) return { kind: "unsatisfiable" };
  return { kind: "part", first: Math.max(0, length - count), last: length - 1 };
}

/** Whether the client's part is of this very response: by a strong entity tag, or the exact date, if that is a strong one. */
function ifRangeHolds({ fields }: RequestHead, response: ReceivedResponse): boolean {
  const condition = combined(fields, "if-range");
  if (condition === undefined) return true;
  const tag = parseEntityTag(condition);
  const own = entityTagOf(response.fields);
  if (tag !== undefined) return own !== undefined && matchesStrongly(tag, own);
  const date = parseHttpDate(condition, response.receivedAt);
  return date !== undefined && isLastModifiedStrong(response) && date === lastModifiedOf(response);
}
