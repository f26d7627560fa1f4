// Cache-Status: what a cache did with a request, said in the response (RFC 9211).

import type { FieldList } from "./message.ts";
import { sfString, tokenOrString } from "./structured-text.ts";

/** Why a request went on to the origin (RFC 9211 §2.2). */
export type ForwardReason =
  /** The cache was told not to handle this request. */
  | "bypass"
  /** The method asks for it. */
  | "method"
  /** Nothing is stored under the URI. */
  | "uri-miss"
  /** Something is, but not for the headers of this request. */
  | "vary-miss"
  /** Nothing is stored that could answer; which of the two above is not known. */
  | "miss"
  /** What is stored is fresh, but the request asks for something else. */
  | "request"
  /** What is stored is stale. */
  | "stale"
  /** A part is stored, and does not suffice. */
  | "partial";

/** What one cache says. Either it answered by itself (`hit`), or it says why it did not (`forward`). */
export interface CacheStatus {
  /** The cache's name: its own, or that of its host. */
  readonly cache: string;
  readonly hit?: boolean | undefined;
  readonly forward?: ForwardReason | undefined;
  /** The status that the origin answered with, where it is not that of the response. */
  readonly forwardStatus?: number | undefined;
  /** How long the response is still fresh, in seconds; negative when it is stale. */
  readonly ttl?: number | undefined;
  /** Whether the response was stored. */
  readonly isStored?: boolean | undefined;
  /** Whether one request to the origin served several. */
  readonly isCollapsed?: boolean | undefined;
  readonly key?: string | undefined;
  /** Anything else, for people. */
  readonly detail?: string | undefined;
}

/** One member of `Cache-Status` (RFC 9211 §2). What does not go with `hit` or without `forward` is left out. */
export function formatCacheStatus(status: CacheStatus): string {
  const forward = status.hit === true ? undefined : status.forward;
  const parameters = [
    status.hit === true ? "hit" : undefined,
    forward === undefined ? undefined : `fwd=${forward}`,
    forward === undefined ? undefined : integer("fwd-status", status.forwardStatus),
    integer("ttl", status.ttl),
    forward !== undefined && status.isStored === true ? "stored" : undefined,
    forward !== undefined && status.isCollapsed === true ? "collapsed" : undefined,
    status.key === undefined ? undefined : `key=${sfString(status.key)}`,
    status.detail === undefined ? undefined : `detail=${tokenOrString(status.detail)}`,
  ];
  return [tokenOrString(status.cache), ...parameters.filter((parameter) => parameter !== undefined)].join("; ");
}

/** With a member of this cache behind those of the caches nearer to the origin (RFC 9211 §2). */
export function withCacheStatus(fields: FieldList, status: CacheStatus): FieldList {
  const known = fields.all("cache-status").filter((line) => line !== "");
  return fields.with([["Cache-Status", [...known, formatCacheStatus(status)].join(", ")]]);
}

/** The greatest integer that structured fields have (RFC 9651 §3.3.1). */
const LARGEST = 999_999_999_999_999;

function integer(name: string, value: number | undefined): string | undefined {
  if (value === undefined || Number.isNaN(value)) return undefined;
  return `${name}=${Math.trunc(Math.min(Math.max(value, -LARGEST), LARGEST))}`;
}
