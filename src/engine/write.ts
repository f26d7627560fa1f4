// Writing: makes entries of values, and stores the result of a flight only if nothing has overtaken it.

import { badInput, CacheError, show } from "../errors.ts";
import type { CallSettings } from "../model/call.ts";
import { isThenable } from "../model/check.ts";
import { parseDuration, type Milliseconds } from "../model/duration.ts";
import { Entry, newVersion } from "../model/entry.ts";
import type { Epoch, Stamped } from "../model/epoch.ts";
import type { NotStoredReason } from "../model/event.ts";
import { spansOf, type Lifetimes } from "../model/policy.ts";
import type { Refusal, Validate } from "../model/validation.ts";
import type { Engine, Target } from "./engine.ts";
import { PendingSet, type Flight } from "./flight.ts";

/** A value that may be set. @throws CacheError `invalid_value` */
export function checkValue(value: unknown, field: string): void {
  if (value === undefined) throw badInput("invalid_value", field, "anything but undefined, which means a miss", value);
  if (isThenable(value)) {
    throw badInput("invalid_value", field, "a value, not a promise of one: await it first", value);
  }
}

/** Stores a value the user has set, and fences what is under way for the key. @throws CacheError `unserializable` */
export function put(engine: Engine, target: Target, value: unknown): void {
  if (!engine.settings.enabled) return;
  const { settings } = target;
  commit(engine, target, makeDraft(engine, target, settings, value, stampNow(engine, settings), 0));
}

/** The same for several with the same settings, all or none: every entry is made before the first is stored. */
export function putAll(engine: Engine, targets: readonly Target[], values: readonly unknown[]): void {
  const [first] = targets;
  if (first === undefined || !engine.settings.enabled) return;
  const { settings } = first;
  const stamp = stampNow(engine, settings);
  const drafts = targets.map((target, index) => makeDraft(engine, target, settings, values[index], stamp, 0));
  for (const [index, target] of targets.entries()) commit(engine, target, drafts[index]);
}

function commit(engine: Engine, { key, id, settings }: Target, draft: Draft): void {
  const { counters, observer, flights } = engine;
  flights.fence(id);
  store(engine, id, draft);
  counters.sets++;
  if (observer.wants("set")) observer.notify({ type: "set", key, namespace: settings.namespace });
}

/** The present epochs of a call's namespace and tags. */
export function stampNow({ epochs }: Engine, { namespace, tags }: CallSettings): Stamped {
  return { asOf: epochs.now, namespaceEpoch: epochs.namespace(namespace), tags: epochs.tags(tags) };
}

/**
 * Stores values the user has set once `validate` has accepted them all. One that was overtaken meanwhile, by an
 * invalidation or a later `set`, is not stored.
 * @throws CacheError `invalid_value`, or `unserializable`
 */
export async function putValidated(
  engine: Engine,
  targets: readonly Target[],
  values: readonly unknown[],
  validate: Validate,
): Promise<void> {
  const [first] = targets;
  if (first === undefined) return;
  const { flights } = engine;
  const stamp = stampNow(engine, first.settings);
  const pending = targets.map((target) => new PendingSet(target, stamp));
  await flights.whileSetting(pending, async () => {
    for (const [index, target] of targets.entries()) assertAccepted(engine, target, await validate(values[index]));
    const open = [...targets.keys()].filter((index) => !flights.isOvertaken(pending[index] as PendingSet));
    for (const set of pending) if (flights.isOvertaken(set)) reportRejected(engine, set);
    putAll(
      engine,
      open.map((index) => targets[index] as Target),
      open.map((index) => values[index]),
    );
  });
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
export function fill(engine: Engine, flight: Flight, value: unknown, refusal: Refusal, loadMs: Milliseconds): Filled {
  const tags = allTags(flight);
  return { tags, notStored: storeResult(engine, flight, tags, value, refusal, loadMs) };
}

function storeResult(
  engine: Engine,
  flight: Flight,
  tags: readonly Epoch[] | undefined,
  value: unknown,
  refusal: Refusal,
  loadMs: Milliseconds,
): NotStoredReason | undefined {
  const { notes } = flight;
  const { key, id, settings } = flight.target;
  if (notes.skipped) return "skipped";
  if (refusal !== undefined) {
    reportInvalid(engine, key, settings.namespace, refusal);
    return "invalid";
  }
  const { asOf, namespaceEpoch } = flight;
  // Runs code of the user's, such as a `ttl` function, which may invalidate: so before the look at the fence.
  const draft =
    value === undefined
      ? undefined
      : makeDraft(engine, flight.target, notes.settings, value, { asOf, namespaceEpoch, tags }, loadMs);
  if (!engine.flights.mayStore(flight, tags)) {
    reportRejected(engine, flight);
    return "invalidated";
  }
  if (value === undefined) {
    engine.memory.delete(id);
    return "undefined";
  }
  return store(engine, id, draft);
}

/** The tags of the call, those the refresh named, and with `notModified()` those of the entry it confirms. */
function allTags({ tags, notes, previous }: Flight): readonly Epoch[] | undefined {
  const kept = notes.notModified ? previous?.tags : undefined;
  if (kept === undefined && notes.tags === undefined) return tags;
  return [...new Set([...(tags ?? []), ...(kept ?? []), ...(notes.tags ?? [])])];
}

/** An entry as of a stamp, created now. */
function makeEntry(
  { clock, random, memory, settings: { trackAccess } }: Engine,
  settings: CallSettings,
  value: unknown,
  stamp: Stamped,
  loadMs: Milliseconds,
): Entry {
  const maxAgeMs = Math.min(memory.settings.maxAgeMs, settings.memory.maxAgeMs);
  const spans = spansOf(lifetimesOf(settings, value, maxAgeMs), random);
  const access = trackAccess ? { hitCount: 0, lastAccessedAt: undefined } : undefined;
  return new Entry(memory.admit(value), clock.now(), spans, stamp, loadMs, newVersion(random), access);
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

/** An entry ready to be stored, with its size. `undefined` where the call skips the tier. */
type Draft = { readonly entry: Entry; readonly size: number | undefined } | undefined;

function makeDraft(
  engine: Engine,
  { key }: Target,
  settings: CallSettings,
  value: unknown,
  stamp: Stamped,
  loadMs: Milliseconds,
): Draft {
  if (!settings.memory.use) return undefined;
  const entry = makeEntry(engine, settings, value, stamp, loadMs);
  return { entry, size: engine.memory.measure(entry.value, key) };
}

/** Puts an entry into memory in place of the old one, which goes in any case. Answers why the new one is not there. */
function store({ memory }: Engine, id: string, draft: Draft): NotStoredReason | undefined {
  if (draft !== undefined && draft.entry.errorMs > 0) {
    return memory.set(id, draft.entry, draft.size) ? undefined : "too-large";
  }
  memory.delete(id);
  return draft === undefined ? "tier-skipped" : "no-lifetime";
}

function reportRejected({ counters, observer }: Engine, { target: { key, settings } }: Flight | PendingSet): void {
  counters.fillsRejected++;
  if (observer.wants("fillRejected")) observer.notify({ type: "fillRejected", key, namespace: settings.namespace });
}

/** Reports that `validate` refused a value. */
function reportInvalid({ observer }: Engine, key: string, namespace: string | undefined, reason: string): void {
  if (observer.wants("invalid")) observer.notify({ type: "invalid", key, namespace, reason });
}
