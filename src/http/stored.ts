// What stands in the cache for a route: a response, or a note that its responses cannot be stored. Plain data, for any tier.

import type { Instant, Milliseconds } from "../model/duration.ts";
import { formatHttpDate } from "./policy/http-date.ts";
import { FieldList, type FieldLine } from "./policy/message.ts";
import type { StoredResponse } from "./policy/reuse.ts";
import type { Selection } from "./policy/vary.ts";
import type { Written } from "./writers-clocks.ts";

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

/** A complete response. What it was selected by is in its key; its instants are by the clock of who has written it. */
export interface StoredRoute extends FromRun, StoredMessage, Written {
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

/** On a clock that is so much ahead of that of who has written it. */
export function movedBy<M extends StoredMessage>(message: M, shift: Milliseconds): M {
  if (shift === 0) return message;
  const { requestedAt, receivedAt, lines } = message;
  const dated = formatHttpDate(receivedAt);
  // Where nobody else said when it was made, it is dated by when it came, by the same clock.
  const moved = lines.map((line): FieldLine =>
    isDate(line, dated) ? [line[0], formatHttpDate(receivedAt + shift)] : line,
  );
  return { ...message, requestedAt: requestedAt + shift, receivedAt: receivedAt + shift, lines: moved };
}

function isDate([name, value]: FieldLine, dated: string): boolean {
  return value === dated && name.toLowerCase() === "date";
}

const routes = new WeakMap<StoredRoute, StoredRoute>();

/** A route so moved: the same object for the same one, since what is worked out of it is kept by that. */
export function routeMovedBy(stored: StoredRoute, shift: Milliseconds): StoredRoute {
  if (shift === 0) return stored;
  const found = routes.get(stored);
  if (found !== undefined) return found;
  const moved = movedBy(stored, shift);
  routes.set(stored, moved);
  return moved;
}
