// What stands in the cache for a route: a response, or a note that its responses cannot be stored. Plain data, for any tier.

import type { Instant } from "../model/duration.ts";
import { FieldList, type FieldLine } from "./policy/message.ts";
import type { StoredResponse } from "./policy/reuse.ts";
import type { Selection } from "./policy/vary.ts";

/** What tells the outcome of one run of a handler from that of any other. */
interface FromRun {
  readonly runId: string;
}

/** A response as it stands in the cache. */
export interface StoredMessage {
  readonly status: number;
  readonly statusText: string;
  readonly lines: readonly FieldLine[];
  readonly body: Uint8Array;
  readonly requestedAt: Instant;
  readonly receivedAt: Instant;
}

/** A complete response. What it was selected by is in its key. */
export interface StoredRoute extends FromRun, StoredMessage {
  readonly kind: "response";
}

/** Requests go to the handler, and do not wait for each other. */
export interface PassNote extends FromRun {
  readonly kind: "pass";
  /** Why: for `Cache-Status`. */
  readonly because: string;
}

export type StoredValue = StoredRoute | PassNote;

/** As the policy reads it. */
export function asStored(
  { status, lines, requestedAt, receivedAt }: StoredMessage,
  selection: Selection,
): StoredResponse {
  return { status, fields: new FieldList(lines), requestedAt, receivedAt, selection };
}
