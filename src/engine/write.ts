// Writing: makes entries of values, and stores the result of a flight only if nothing has overtaken it.

import { badInput, CacheError, show } from "../errors.ts";
import type { CallSettings } from "../model/call.ts";
import { parseDuration, type Milliseconds } from "../model/duration.ts";
import { Entry, newVersion } from "../model/entry.ts";
import type { Epoch, Stamped } from "../model/epoch.ts";
import type { NotStoredReason } from "../model/event.ts";
import { instantsOf, type Lifetimes } from "../model/policy.ts";
import type { Refusal } from "../model/validation.ts";
import type { Engine, Target } from "./engine.ts";
import type { ResultNotes } from "./refresh-context.ts";
import type { Flight } from "./flight.ts";

/** A value that may be set. @throws CacheError `invalid_value` */
export function checkValue(value: unknown, field: string): void {
  if (value === undefined) throw badInput("invalid_value", field, "anything but undefined, which means a miss", value);
  if (isThenable(value)) {
    throw badInput("invalid_value", field, "a value, not a promise of one: await it first", value);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Stores a value the user has set, and fences the key's flight. @throws CacheError `unserializable` */
export function put(engine: Engine, target: Target, value: unknown): void {
  const { key, id, settings } = target;
  const { epochs, counters, observer } = engine;
  const entry = makeEntry(engine, settings, value, {
    asOf: epochs.now,
    namespaceEpoch: epochs.namespace(settings.namespace),
    tags: epochs.tags(settings.tags),
  });
  engine.flights.fence(id);
  store(engine, id, settings, entry);
  counters.sets++;
  if (observer.wants("set")) observer.notify({ type: "set", key, namespace: settings.namespace });
}

/** Refuses to set what `validate` refused. @throws CacheError `invalid_value` with the reason */
export function assertAccepted(engine: Engine, { key, settings }: Target, refusal: Refusal): void {
  if (refusal === undefined) return;
  reportInvalid(engine, key, settings.namespace, refusal);
  throw new CacheError("invalid_value", `value of ${show(key)} must pass validate, which says: ${refusal}`, { key });
}

/** What became of the result of a refresh. */
export interface Filled {
  /** All tags of the value, those named by the refresh included. */
  readonly tags: readonly Epoch[] | undefined;
  /** Why it was not stored; `undefined` when it was. */
  readonly notStored: NotStoredReason | undefined;
}

/**
 * Stores what a refresh resolved to, unless there is a reason not to. Nothing here awaits: what the fence lets through
 * cannot be overtaken before it is stored.
 * @throws CacheError `unserializable`, or what a `ttl` function throws
 */
export function fill(
  engine: Engine,
  flight: Flight,
  value: unknown,
  notes: ResultNotes,
  refusal: Refusal,
  loadMs: Milliseconds,
): Filled {
  const tags = allTags(engine, flight, notes);
  return { tags, notStored: storeResult(engine, flight, tags, value, notes, refusal, loadMs) };
}

function storeResult(
  engine: Engine,
  flight: Flight,
  tags: readonly Epoch[] | undefined,
  value: unknown,
  notes: ResultNotes,
  refusal: Refusal,
  loadMs: Milliseconds,
): NotStoredReason | undefined {
  const { id, asOf, namespaceEpoch } = flight;
  if (notes.skipped) return "skipped";
  if (refusal !== undefined) {
    reportInvalid(engine, flight.key, namespaceEpoch.name, refusal);
    return "invalid";
  }
  if (!engine.flights.mayStore(flight, tags)) {
    reportRejected(engine, flight);
    return "invalidated";
  }
  if (value === undefined) {
    engine.memory.delete(id);
    return "undefined";
  }
  const entry = makeEntry(engine, notes.settings, value, { asOf, namespaceEpoch, tags }, loadMs);
  return store(engine, id, notes.settings, entry) ? undefined : "no-lifetime";
}

function allTags(engine: Engine, flight: Flight, notes: ResultNotes): readonly Epoch[] | undefined {
  const kept = notes.notModified ? flight.previous?.tags : undefined;
  if (notes.tags.length === 0 && kept === undefined) return flight.tags;
  return [...new Set([...(flight.tags ?? []), ...(kept ?? []), ...(engine.epochs.tags(notes.tags) ?? [])])];
}

/** An entry as of a stamp, created now. */
function makeEntry(
  { clock, random, memory, settings: { trackAccess } }: Engine,
  settings: CallSettings,
  value: unknown,
  { asOf, namespaceEpoch, tags }: Stamped,
  loadMs: Milliseconds = 0,
): Entry {
  const maxAgeMs = Math.min(memory.settings.maxAgeMs, settings.memory.maxAgeMs);
  const instants = instantsOf(lifetimesOf(settings, value, maxAgeMs), clock.now(), random);
  const access = trackAccess ? { hitCount: 0, lastAccessedAt: undefined } : undefined;
  const admitted = memory.admit(value);
  return new Entry({ value: admitted, ...instants, loadMs, asOf, namespaceEpoch, tags, access }, newVersion(random));
}

/** How long a value lives. A negative one has no stale windows: they would hide for longer that it has come to be. */
function lifetimesOf(settings: CallSettings, value: unknown, maxAgeMs: Milliseconds): Lifetimes {
  const { ttl, negativeTtlMs, isNegative, jitter, staleWhileRevalidateMs, staleIfErrorMs } = settings;
  if (negativeTtlMs !== undefined && isNegative(value as never)) {
    return { ttlMs: negativeTtlMs, jitter, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, maxAgeMs };
  }
  const ttlMs = typeof ttl === "function" ? parseDuration(ttl(value as never), "ttl(value)") : ttl;
  return { ttlMs, jitter, staleWhileRevalidateMs, staleIfErrorMs, maxAgeMs };
}

/** Puts an entry into memory in place of the old one, which goes in any case. Answers whether the new one is there. */
function store({ memory }: Engine, id: string, settings: CallSettings, entry: Entry): boolean {
  const isUseful = settings.memory.use && entry.errorUntil > entry.createdAt;
  if (isUseful) memory.set(id, entry);
  else memory.delete(id);
  return isUseful;
}

function reportRejected({ counters, observer }: Engine, { key, namespaceEpoch }: Flight): void {
  counters.fillsRejected++;
  if (observer.wants("fillRejected")) observer.notify({ type: "fillRejected", key, namespace: namespaceEpoch.name });
}

/** Reports that `validate` refused a value. */
function reportInvalid({ observer }: Engine, key: string, namespace: string | undefined, reason: string): void {
  if (observer.wants("invalid")) observer.notify({ type: "invalid", key, namespace, reason });
}
