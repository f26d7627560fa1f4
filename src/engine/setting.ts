// One value on its way to being set: what it overtakes when it is called, and what it comes to.

import type { Payload } from "../codec/payload.ts";
import type { Instant } from "../model/duration.ts";
import { applyHere } from "./apply-here.ts";
import type { CopyPayload } from "./copy-tier.ts";
import { entryOf, storeInMemory, type Draft } from "./draft.ts";
import type { Engine, Target } from "./engine.ts";
import type { PendingSet } from "./pending-sets.ts";
import { reportRejected } from "./report.ts";
import type { Settled } from "./settled.ts";
import type { SharedTier } from "./shared-tier.ts";

/** One value on its way to being set. */
export interface Setting {
  readonly pending: PendingSet;
  readonly draft: Draft;
  /** A refresh has made it. No `set` is counted; and if it cannot be sent, nothing of the authority's is wrong. */
  readonly isResult: boolean;
}

/** The same with its bytes for the authority, which may have to be waited for. */
export interface Sending extends Setting {
  readonly payload: Payload | Promise<Payload>;
  /** The same for a copy on this host. */
  readonly copy: CopyPayload;
}

/** What has begun before must not store its value; of sets, only later ones overtake this. */
export function overtake({ flights, shared }: Engine, { target, number }: PendingSet): void {
  flights.fence(target.id, number);
  shared?.lookups.fence(target.id);
}

/**
 * Done or not, what began in between must not store an older value; then memory gets it, unless it was overtaken.
 * @param now read once for all that are concluded together
 */
export function conclude(
  engine: Engine,
  shared: SharedTier,
  { pending, draft, isResult, copy: encoded }: Sending,
  createdAt: Instant,
  isDone: boolean,
  now: Instant = engine.clock.now(),
): Settled {
  const { target, number } = pending;
  const isOvertaken = engine.flights.isOvertaken(pending);
  const invalidation = { kind: "key", id: target.id, fullKey: shared.fullKey(target), soft: false } as const;
  applyHere(engine, invalidation, number);
  if (isDone) shared.recovery.note(invalidation, now);
  else if (!isResult) shared.recovery.defer(invalidation);
  if (isOvertaken) {
    reportRejected(engine, target);
  } else {
    const version = isDone ? pending.version : undefined;
    const copy = storeInMemory(engine, target, draft, pending, createdAt, version);
    if (typeof copy === "object") engine.flights.noteSet(copy, pending, false);
    engine.copies?.keep(shared, target, entryOf(engine, draft, draft.spans, pending, createdAt, version), encoded);
  }
  if (!isResult) reportSet(engine, target);
  return isDone ? "done" : "pending";
}

/** Counts it, and tells of it. */
export function reportSet({ counters, observer }: Engine, { key, settings }: Target): void {
  counters.sets++;
  if (observer.wants("set")) observer.notify({ type: "set", key, namespace: settings.namespace });
}
