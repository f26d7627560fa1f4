// Setting: values that the user brings, and what they overtake.

import type { Payload } from "../codec/payload.ts";
import type { SharedEpoch, Written } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Epoch } from "../model/epoch.ts";
import type { Spans } from "../model/policy.ts";
import type { Validate } from "../model/validation.ts";
import { assertAccepted } from "./accept.ts";
import { entryOf, makeDraft, stampNow, storeInMemory, type Draft } from "./draft.ts";
import type { Engine, Target } from "./engine.ts";
import { PendingSet } from "./flight.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { setAtOnce } from "./at-once.ts";
import { applyHere, type Settled } from "./invalidate.ts";
import { reportRejected } from "./report.ts";
import { encodeValue, makeFrame, spansInTier } from "./share.ts";
import { capture, KNOWN, knownEpoch } from "./shared-epochs.ts";
import type { SharedTier } from "./shared-tier.ts";

/** One value on its way to being set. */
export interface Setting {
  readonly pending: PendingSet;
  readonly draft: Draft;
  /** A refresh has made it. No `set` is counted; and if it cannot be sent, nothing of the authority's is wrong. */
  readonly isResult: boolean;
}

/**
 * Stores values the user has set, all with the same settings, all or none: every entry is made before the first is
 * stored. Fences what is under way for their keys. Where nobody else is asked, it is done when this returns.
 * @throws CacheError `unserializable`
 */
export function put(
  engine: Engine,
  targets: readonly Target[],
  values: readonly unknown[],
): Settled | Promise<Settled> {
  return engine.settings.enabled ? store(engine, makeSettings(engine, targets, values)) : "none";
}

/**
 * The same where nobody can wait: memory has it when this returns, and the authority too, if it answers at once; else it
 * gets it behind.
 * @throws CacheError `unserializable`
 */
export function putSync(engine: Engine, target: Target, value: unknown): Settled {
  if (!engine.settings.enabled) return "none";
  const [setting] = makeSettings(engine, [target], [value]) as [Setting];
  const shared = tierOf(engine, target);
  if (shared === undefined) return putHere(engine, setting);
  const payload = encodeValue(shared, setting.draft);
  const setAt = setAtOnce(engine, shared, setting.pending, setting.draft, payload);
  if (setAt !== undefined) return conclude(engine, shared, setting, setAt, true);
  putAhead(engine, shared, setting, () => sendAll(engine, shared, [setting], [payload]));
  return "pending";
}

/**
 * Puts a value into memory before the authority has it, and `send` brings it there behind.
 * @returns the copy in memory, or why there is none
 */
export function putAhead(
  engine: Engine,
  shared: SharedTier,
  { pending, draft }: Setting,
  send: () => Promise<unknown>,
): ReturnType<typeof storeInMemory> {
  const { target, number } = pending;
  overtake(engine, pending);
  const copy = storeInMemory(engine, target, draft, pending, engine.clock.now(), undefined);
  if (typeof copy === "object") engine.flights.noteSet(copy, pending, true);
  // Replaced by then, or overtaken: what is left of it has to be verified like any other.
  const sending = send().finally(() => typeof copy === "object" && engine.flights.hasBeenSet(copy));
  engine.tasks.own(sending, (error) => {
    // It turned out to be nothing that can be set.
    applyHere(engine, { kind: "key", id: target.id, fullKey: "", soft: false }, number + 1);
    const { observer } = engine;
    if (observer.wants("tierError")) observer.notify({ type: "tierError", tier: shared.name, operation: "set", error });
  });
  return copy;
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
): Promise<Settled> {
  if (!engine.settings.enabled) return "none";
  const settings = makeSettings(engine, targets, values);
  const { flights } = engine;
  const sets = settings.map(({ pending }) => pending);
  return flights.whileSetting(sets, async () => {
    for (const [index, { target }] of sets.entries()) assertAccepted(engine, target, await validate(values[index]));
    const open = settings.filter(({ pending }) => !flights.isOvertaken(pending));
    for (const set of sets) if (flights.isOvertaken(set)) reportRejected(engine, set.target);
    return store(engine, open);
  });
}

/** Made, and numbered, when the verb is called. @throws CacheError `unserializable` */
function makeSettings(engine: Engine, targets: readonly Target[], values: readonly unknown[]): Setting[] {
  const [first] = targets;
  if (first === undefined) return [];
  const { settings } = first;
  const stamp = stampNow(engine, settings);
  return targets.map((target, index) => ({
    pending: new PendingSet(engine.flights.nextNumber(), target, stamp),
    draft: makeDraft(engine, target, settings, values[index], 0),
    isResult: false,
  }));
}

/** The shared tier, if this call uses it. */
export function tierOf({ shared }: Engine, { settings }: Target): SharedTier | undefined {
  return settings.shared?.use === true ? shared : undefined;
}

function store(engine: Engine, settings: readonly Setting[]): Settled | Promise<Settled> {
  const [first] = settings;
  // Of nothing, everybody has everything.
  if (first === undefined) return engine.shared === undefined ? "none" : "done";
  const shared = tierOf(engine, first.pending.target);
  if (shared === undefined) {
    for (const setting of settings) putHere(engine, setting);
    return "none";
  }
  // At once, and before anything else is done: what cannot be carried must change nothing.
  const payloads = settings.map(({ draft }) => encodeValue(shared, draft));
  const sending = settings.length === 1 ? sendAlone(engine, shared, first, payloads[0] as Payload) : undefined;
  return engine.tasks.track(sending ?? sendAll(engine, shared, settings, payloads));
}

/**
 * Sends one at once, which is what most are, if there is nothing to wait for before; else `undefined`, and nothing has been done.
 * It does what `sendAll` does, with a third of the promises.
 */
function sendAlone(
  engine: Engine,
  shared: SharedTier,
  setting: Setting,
  payload: Payload | Promise<Payload>,
): Promise<Settled> | undefined {
  const { pending, draft } = setting;
  const { target, number } = pending;
  const { flights } = engine;
  const spans = spansInTier(shared, target, draft.spans);
  if (payload instanceof Promise || spans === undefined || !areEpochsKnown(engine, shared, pending)) return undefined;
  if (shared.sync() !== undefined || flights.sentBefore(target.id, number) !== undefined) return undefined;
  overtake(engine, pending);
  flights.beginSet(pending);
  const createdAt = engine.clock.now();
  let writing: ReturnType<typeof write>;
  try {
    writing = write(engine, shared, setting, payload, spans, KNOWN);
  } catch (error) {
    flights.endSet(pending);
    throw error;
  }
  return writing.then((written) => {
    const isDone = written !== UNAVAILABLE && written.kind === "stored";
    try {
      return conclude(engine, shared, setting, createdAt, isDone);
    } finally {
      flights.endSet(pending);
    }
  });
}

function areEpochsKnown({ epochs }: Engine, { trust }: SharedTier, { namespaceEpoch, tags }: PendingSet): boolean {
  if (knownEpoch(epochs.root, trust) === undefined || knownEpoch(namespaceEpoch, trust) === undefined) return false;
  return tags === undefined || tags.every((tag) => knownEpoch(tag, trust) !== undefined);
}

/** What has begun before must not store its value; of sets, only later ones overtake this. */
export function overtake({ flights, shared }: Engine, { target, number }: PendingSet): void {
  flights.fence(target.id, number);
  shared?.lookups.fence(target.id);
}

function putHere(engine: Engine, { pending, draft }: Setting): Settled {
  overtake(engine, pending);
  storeInMemory(engine, pending.target, draft, pending, engine.clock.now(), undefined);
  reportSet(engine, pending.target);
  return "none";
}

function reportSet({ counters, observer }: Engine, { key, settings }: Target): void {
  counters.sets++;
  if (observer.wants("set")) observer.notify({ type: "set", key, namespace: settings.namespace });
}

/** To the authority first, then into memory: registered like flights, so that what overtakes them is noticed. */
export async function sendAll(
  engine: Engine,
  shared: SharedTier,
  settings: readonly Setting[],
  payloads: readonly (Payload | Promise<Payload>)[],
): Promise<Settled> {
  const sets = settings.map(({ pending }) => pending);
  for (const pending of sets) {
    overtake(engine, pending);
    pending.leaves();
  }
  return engine.flights.whileSetting(sets, async () => {
    try {
      const ready = await Promise.all(payloads.map(async (payload) => payload));
      const settled = await Promise.all(
        settings.map((setting, index) => sendOne(engine, shared, setting, ready[index] as Payload)),
      );
      return settled.includes("pending") ? "pending" : "done";
    } finally {
      for (const pending of sets) pending.sent();
    }
  });
}

async function sendOne(engine: Engine, shared: SharedTier, setting: Setting, payload: Payload): Promise<Settled> {
  const { pending, draft } = setting;
  const { target, namespaceEpoch, tags } = pending;
  const { root } = engine.epochs;
  const fullKey = shared.fullKey(target);
  const captured = await capture(engine, shared, [root, namespaceEpoch, ...(tags ?? [])]);
  const syncing = shared.sync();
  if (syncing !== undefined) await syncing;
  const earlier = engine.flights.sentBefore(target.id, pending.number);
  if (earlier !== undefined) await earlier;
  // Not later than the authority's own instant of it: freshness ends early rather than late.
  const createdAt = engine.clock.now();
  if (captured === UNAVAILABLE) {
    pending.sent();
    return conclude(engine, shared, setting, createdAt, false);
  }
  const spans = spansInTier(shared, target, draft.spans);
  if (spans === undefined) {
    // What may not be kept there ends what is there.
    const removing = shared.remove(fullKey);
    pending.sent();
    const removed = await removing;
    const isDone = removed !== UNAVAILABLE && removed.existed !== undefined;
    return conclude(engine, shared, setting, createdAt, isDone);
  }
  const writing = write(engine, shared, setting, payload, spans, captured.byEpoch);
  pending.sent();
  const written = await writing;
  const isDone = written !== UNAVAILABLE && written.kind === "stored";
  return conclude(engine, shared, setting, createdAt, isDone);
}

/** It has been sent when this returns. @param known the generations of all that it belongs to */
function write(
  { epochs: { root } }: Engine,
  shared: SharedTier,
  { pending, draft }: Setting,
  payload: Payload,
  spans: Spans,
  known: Pick<ReadonlyMap<Epoch, SharedEpoch>, "get">,
): Promise<Written | Unavailable> {
  const { target } = pending;
  const fullKey = shared.fullKey(target);
  const { frame, version } = makeFrame(shared, target, draft, payload, pending, known, root);
  pending.version = version;
  return shared.set(fullKey, frame, spans);
}

/** Done or not, what began in between must not store an older value; then memory gets it, unless it was overtaken. */
function conclude(
  engine: Engine,
  shared: SharedTier,
  { pending, draft, isResult }: Setting,
  createdAt: Instant,
  isDone: boolean,
): Settled {
  const { target, number } = pending;
  const isOvertaken = engine.flights.isOvertaken(pending);
  const invalidation = { kind: "key", id: target.id, fullKey: shared.fullKey(target), soft: false } as const;
  applyHere(engine, invalidation, number);
  if (isDone) shared.recovery.note(invalidation);
  else if (!isResult) shared.recovery.defer(invalidation);
  if (isOvertaken) {
    reportRejected(engine, target);
  } else {
    const version = isDone ? pending.version : undefined;
    const copy = storeInMemory(engine, target, draft, pending, createdAt, version);
    if (typeof copy === "object") engine.flights.noteSet(copy, pending, false);
    engine.copies?.keep(shared, target, entryOf(engine, draft, draft.spans, pending, createdAt, version));
  }
  if (!isResult) reportSet(engine, target);
  return isDone ? "done" : "pending";
}
