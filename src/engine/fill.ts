// Filling: what becomes of the result of a flight. It is stored only if nothing has overtaken the flight.

import type { Milliseconds } from "../model/duration.ts";
import type { Epoch, Stamped } from "../model/epoch.ts";
import type { NotStoredReason } from "../model/event.ts";
import type { Refusal } from "../model/validation.ts";
import { entryOf, makeDraft, storeInMemory, type Draft } from "./draft.ts";
import type { Engine } from "./engine.ts";
import type { Flight } from "./flight.ts";
import { UNAVAILABLE } from "./guard.ts";
import type { Lease } from "./lease.ts";
import { reportInvalid, reportRejected } from "./report.ts";
import { encodeValue, makeFrame, spansInTier } from "./share.ts";
import { vouchFor } from "./shared-epochs.ts";
import { isStored, type SharedTier } from "./shared-tier.ts";

/** What became of the result of a refresh. */
export interface Filled {
  /** All tags of the value, those named by the refresh included. */
  readonly tags: readonly Epoch[] | undefined;
  /** Why it was not stored; `undefined` when it was. */
  readonly notStored: NotStoredReason | undefined;
  /** Of the frame that the authority has accepted. */
  readonly version: string | undefined;
}

/**
 * Stores what a refresh resolved to, unless there is a reason not to. Without a lease nothing here awaits: what the
 * fence lets through cannot be overtaken before it is stored.
 * @throws CacheError `unserializable`, or what a `ttl` function throws
 */
export function fill(
  engine: Engine,
  flight: Flight,
  value: unknown,
  refusal: Refusal,
  loadMs: Milliseconds,
): Filled | Promise<Filled> {
  const tags = allTags(flight);
  const { notes, target, asOf, namespaceEpoch } = flight;
  const reason = reasonToKeepOut(engine, flight, refusal);
  if (reason !== undefined) return { tags, notStored: reason, version: undefined };
  const draft = value === undefined ? undefined : makeDraft(engine, target, notes.settings, value, loadMs);
  const stamp = { asOf, namespaceEpoch, tags };
  if (!engine.flights.mayStore(flight, tags)) return { tags, notStored: rejected(engine, flight), version: undefined };
  const { shared } = engine;
  return shared === undefined || flight.lease === undefined
    ? { tags, notStored: fillMemory(engine, flight, draft, stamp), version: undefined }
    : fillShared(engine, shared, flight, flight.lease, draft, stamp);
}

function reasonToKeepOut(engine: Engine, { notes, target }: Flight, refusal: Refusal): NotStoredReason | undefined {
  if (notes.skipped) return "skipped";
  if (refusal === undefined) return undefined;
  reportInvalid(engine, target.key, target.settings.namespace, refusal);
  return "invalid";
}

/** The tags of the call, those the refresh named, and with `notModified()` those of the entry it confirms. */
export function allTags({
  tags,
  notes,
  previous,
}: Pick<Flight, "tags" | "notes" | "previous">): readonly Epoch[] | undefined {
  const kept = notes.notModified ? previous?.tags : undefined;
  if (kept === undefined && notes.tags === undefined) return tags;
  return [...new Set([...(tags ?? []), ...(kept ?? []), ...(notes.tags ?? [])])];
}

/** One that has been given up is not reported: it has been, as failed. */
function rejected(engine: Engine, { target, settled }: Flight): NotStoredReason {
  if (!settled) reportRejected(engine, target);
  return "invalidated";
}

/** `undefined` says that there is no value any more. */
function fillMemory(
  engine: Engine,
  { target }: Flight,
  draft: Draft | undefined,
  stamp: Stamped,
): NotStoredReason | undefined {
  if (draft !== undefined) {
    return reasonOf(storeInMemory(engine, target, draft, stamp, engine.clock.now(), undefined));
  }
  engine.memory.delete(target.id);
  return "undefined";
}

/** To the authority first, which has the last word; then, if nothing has happened meanwhile, into memory. */
async function fillShared(
  engine: Engine,
  shared: SharedTier,
  flight: Flight,
  lease: Lease,
  draft: Draft | undefined,
  stamp: Stamped,
): Promise<Filled> {
  const { tags } = stamp;
  const { target } = flight;
  const spans = draft && spansInTier(shared, target, draft.spans);
  if (draft === undefined || spans === undefined) {
    return endShared(engine, shared, flight, lease, draft, stamp);
  }
  const encoding = encodeValue(shared, draft);
  const copy = engine.copies?.encode(target, draft.admitted);
  const payload = encoding instanceof Promise ? await encoding : encoding;
  const names = [engine.epochs.root, stamp.namespaceEpoch, ...(tags ?? [])];
  const epochs = await shared.within(flight, vouchFor(engine, shared, lease.captured, names));
  if (epochs === UNAVAILABLE || epochs === undefined) return { tags, notStored: "unknown-tag", version: undefined };
  const { frame, version } = makeFrame(shared, target, draft, payload, stamp, epochs, engine.epochs.root);
  if (!engine.flights.mayStore(flight, tags)) return { tags, notStored: rejected(engine, flight), version: undefined };
  // Not later than the authority's own instant of it: freshness ends early rather than late.
  const createdAt = engine.clock.now();
  flight.lease = undefined;
  flight.storedUnder = epochs;
  flight.heardVersion = undefined;
  const filling = shared.fill(shared.fullKey(target), lease.redeem(), frame, spans);
  const written = await shared.within(flight, filling);
  const isFenced = written !== UNAVAILABLE && written.kind === "fenced";
  if (isFenced) engine.counters.leasesLost++;
  if (isFenced || !engine.flights.mayStore(flight, tags)) {
    return { tags, notStored: rejected(engine, flight), version: undefined };
  }
  const isDone = isStored(written);
  // Another process has stored something since: the authority does not hold this any more.
  const { heardVersion } = flight;
  if (isDone && heardVersion !== undefined && heardVersion !== version) {
    return { tags, notStored: undefined, version };
  }
  const confirmed = isDone ? version : undefined;
  const stored = storeInMemory(engine, target, draft, stamp, createdAt, confirmed);
  engine.copies?.keep(shared, target, entryOf(engine, draft, spans, stamp, createdAt, confirmed), copy);
  return { tags, notStored: isDone ? undefined : reasonOf(stored), version: confirmed };
}

/** A value that there is not, or that nobody may keep: the old one ends, if no other process has made a newer one. */
async function endShared(
  engine: Engine,
  shared: SharedTier,
  flight: Flight,
  lease: Lease,
  draft: Draft | undefined,
  stamp: Stamped,
): Promise<Filled> {
  const { tags } = stamp;
  flight.lease = undefined;
  const removed = await shared.within(flight, shared.discard(shared.fullKey(flight.target), lease.redeem()));
  const isFenced = removed !== UNAVAILABLE && removed === "fenced";
  if (isFenced) engine.counters.leasesLost++;
  const notStored =
    isFenced || !engine.flights.mayStore(flight, tags)
      ? rejected(engine, flight)
      : fillMemory(engine, flight, draft, stamp);
  return { tags, notStored, version: undefined };
}

function reasonOf(stored: ReturnType<typeof storeInMemory>): NotStoredReason | undefined {
  return typeof stored === "string" ? stored : undefined;
}
