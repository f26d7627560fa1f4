// Content-Range: which part of a representation a 206 holds (RFC 9110 §14.4).

import { single, type Fields } from "./message.ts";

/** Bytes of a representation, from the first to the last, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** A part, and how long the whole is, if that is known. */
export interface ContentRange extends ByteRange {
  readonly total: number | undefined;
}

const SATISFIED = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i;

/** The one part that a response holds; `undefined` without one, with several, of another unit, or when it contradicts itself. */
export function parseContentRange(fields: Fields): ContentRange | undefined {
  const match = SATISFIED.exec(single(fields, "content-range") ?? "");
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? undefined : Number(match[3]);
  return first > last || (total !== undefined && last >= total) ? undefined : { first, last, total };
}

/** `bytes 0-4/10`, or `bytes 0-4/*`. */
export function formatContentRange({ first, last, total }: ContentRange): string {
  return `bytes ${first}-${last}/${total ?? "*"}`;
}
