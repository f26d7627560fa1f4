// Parts of one representation put together (RFC 9111 §3.4).

import { formatContentRange, parseContentRange, type ByteRange, type ContentRange } from "./content-range.ts";
import { matchesStrongly } from "./entity-tag.ts";
import { fieldsOf, type ReceivedResponse } from "./message.ts";
import type { PolicySettings } from "./settings.ts";
import { updated } from "./update.ts";
import { entityTagOf } from "./validators.ts";

/** A 206 and its bytes. */
export interface Part<R extends ReceivedResponse = ReceivedResponse> {
  readonly response: R;
  readonly bytes: Uint8Array;
}

/**
 * Two parts as one (RFC 9111 §3.4), or `undefined` when they are not known to be of the same bytes, which takes the same strong entity
 * tag, or leave a gap. Where they overlap the later one counts; fields are updated by it. What is complete becomes a 200.
 */
export function combineParts<R extends ReceivedResponse>(
  stored: Part<R>,
  later: Part,
  settings: PolicySettings,
): Part<R> | undefined {
  const a = placeOf(stored);
  const b = placeOf(later);
  if (a === undefined || b === undefined || !areOfSameBytes(stored, later) || !touch(a, b)) return undefined;
  const total = a.total ?? b.total;
  if (total !== (b.total ?? a.total)) return undefined;
  const place = { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), total };
  const bytes = new Uint8Array(place.last - place.first + 1);
  bytes.set(stored.bytes, a.first - place.first);
  bytes.set(later.bytes, b.first - place.first);
  return { response: placed(updated(stored.response, later.response, settings), place), bytes };
}

/** The bytes that are missing at the end or the beginning of a part, as the value of `Range`; `undefined` when that is not known. */
export function missingRange(response: ReceivedResponse): string | undefined {
  const place = response.status === 206 ? parseContentRange(response.fields) : undefined;
  if (place?.total === undefined) return undefined;
  if (place.first === 0) return `bytes=${place.last + 1}-`;
  return place.last + 1 === place.total ? `bytes=0-${place.first - 1}` : undefined;
}

/** Where a part belongs, if its length is what it says. */
function placeOf({ response, bytes }: Part): ContentRange | undefined {
  const place = response.status === 206 ? parseContentRange(response.fields) : undefined;
  return place !== undefined && place.last - place.first + 1 === bytes.length ? place : undefined;
}

function areOfSameBytes(a: Part, b: Part): boolean {
  const [tag, other] = [entityTagOf(a.response.fields), entityTagOf(b.response.fields)];
  return tag !== undefined && other !== undefined && matchesStrongly(tag, other);
}

function touch(a: ByteRange, b: ByteRange): boolean {
  return a.first <= b.last + 1 && b.first <= a.last + 1;
}

function placed<R extends ReceivedResponse>(response: R, place: ContentRange): R {
  const length = String(place.last - place.first + 1);
  const isComplete = place.first === 0 && place.last + 1 === place.total;
  const fields = fieldsOf(response.fields)
    .without((name) => name === "content-range")
    .with([["Content-Length", length]]);
  if (isComplete) return { ...response, status: 200, fields };
  return { ...response, fields: fields.with([["Content-Range", formatContentRange(place)]]) };
}
