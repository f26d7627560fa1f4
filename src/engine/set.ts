// Setting: values that the user brings, and what they overtake.

import type { Validate } from "../model/validation.ts";
import { assertAccepted } from "./accept.ts";
import { applyHere } from "./apply-here.ts";
import { makeDraft, stampNow, storeInMemory } from "./draft.ts";
import type { Engine, Target } from "./engine.ts";
import { removeAll } from "./invalidate.ts";
import { PendingSet } from "./pending-sets.ts";
import { setAtOnce } from "./at-once.ts";
import { reportRejected } from "./report.ts";
import { sendAll, sendAlone } from "./set-send.ts";
import { conclude, overtake, reportSet, type Sending, type Setting } from "./setting.ts";
import type { Settled } from "./settled.ts";
import { encodeValue } from "./share.ts";
import type { SharedTier } from "./shared-tier.ts";

/**
 * Stores values the user has set, all with the same settings, all or none: every entry is made before the first is
 * stored. Fences what is under way for their keys. Where nobody else is asked, it is done when this returns.
 * @param toResult makes of the outcome what the caller is given: here, so that he need not wait for another promise
 * @throws CacheError `unserializable`
 */
export function put<R>(
  engine: Engine,
  targets: readonly Target[],
  values: readonly unknown[],
  toResult: (settled: Settled) => R,
): R | Promise<R> {
  return engine.settings.enabled ? store(engine, makeSettings(engine, targets, values), toResult) : toResult("none");
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
  const sending = withPayload(engine, shared, setting);
  const setAt = setAtOnce(engine, shared, sending);
  if (setAt !== undefined) return conclude(engine, shared, sending, setAt, true);
  putAhead(engine, shared, setting, () => sendAll(engine, shared, [sending]));
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
 * @throws CacheError `unserializable`, or `invalid_value`
 */
export async function putValidated<R>(
  engine: Engine,
  targets: readonly Target[],
  values: readonly unknown[],
  validate: Validate,
  toResult: (settled: Settled) => R,
): Promise<R> {
  if (!engine.settings.enabled) return toResult("none");
  // Made bytes before anybody is waited for: the caller may change the objects as soon as he has his promise.
  const settings = makeSettings(engine, targets, values).map((setting) => prepared(engine, setting));
  const { flights } = engine;
  const sets = settings.map(({ pending }) => pending);
  return flights.whileSetting(sets, async () => {
    for (const [index, { target }] of sets.entries()) assertAccepted(engine, target, await validate(values[index]));
    // What such a set was to replace is older still.
    const ended = sets.filter(({ endedBy, fenced }) => endedBy !== undefined && !fenced);
    const targetsToEnd = ended.map(({ target }) => target);
    const removed = targetsToEnd.length === 0 ? undefined : await removeAll(engine, targetsToEnd);
    // From here to the store nothing awaits: what overtakes a set in between would be overtaken by it.
    const open = settings.filter(({ pending }) => !flights.isOvertaken(pending));
    for (const set of sets) if (flights.isOvertaken(set)) reportRejected(engine, set.target);
    return store(engine, open, (settled) => toResult(removed?.settled === "pending" ? "pending" : settled));
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

function store<R>(
  engine: Engine,
  settings: readonly (Setting | Sending)[],
  toResult: (settled: Settled) => R,
): R | Promise<R> {
  const [first] = settings;
  // Of nothing, everybody has everything.
  if (first === undefined) return toResult(engine.shared === undefined ? "none" : "done");
  const shared = tierOf(engine, first.pending.target);
  if (shared === undefined) {
    for (const setting of settings) putHere(engine, setting);
    return toResult("none");
  }
  // At once, and before anything else is done: what cannot be carried must change nothing.
  const sendings = settings.map((setting) => ("payload" in setting ? setting : withPayload(engine, shared, setting)));
  const joining = shared.batch?.add(sendings, toResult);
  if (joining !== undefined) return joining;
  const isAlone = sendings.length === 1 && shared.batch === undefined;
  const sent = isAlone ? sendAlone(engine, shared, sendings[0] as Sending) : undefined;
  return engine.tasks.track(sent ?? sendAll(engine, shared, sendings)).then(toResult);
}

function prepared(engine: Engine, setting: Setting): Setting | Sending {
  const shared = tierOf(engine, setting.pending.target);
  return shared === undefined ? setting : withPayload(engine, shared, setting);
}

function withPayload({ copies }: Engine, shared: SharedTier, { pending, draft, isResult }: Setting): Sending {
  const payload = encodeValue(shared, draft);
  return { pending, draft, isResult, payload, copy: copies?.encode(pending.target, draft.admitted) };
}

function putHere(engine: Engine, { pending, draft }: Setting): Settled {
  overtake(engine, pending);
  storeInMemory(engine, pending.target, draft, pending, engine.clock.now(), undefined);
  reportSet(engine, pending.target);
  return "none";
}
