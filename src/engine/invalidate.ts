// Invalidating: single keys, and in constant time tags, namespaces and everything; gone, or stale from now on.

import type { EpochName } from "../contracts/authority.ts";
import type { Epoch } from "../model/epoch.ts";
import { applyHere } from "./apply-here.ts";
import type { Engine, Target } from "./engine.ts";
import { UNAVAILABLE } from "./guard.ts";
import { peekUsable } from "./inspect.ts";
import type { Invalidation } from "./recovery.ts";
import { reportEpoch, reportInvalidation } from "./report.ts";
import { worst, type Settled } from "./settled.ts";
import type { SharedTier } from "./shared-tier.ts";

/** What removing has come to. */
export interface Removed {
  readonly settled: Settled;
  readonly count: number;
}

/** Ends one entry and fences its flight. Counts it if there was one to serve. */
export function remove(engine: Engine, target: Target): Removed | Promise<Removed> {
  const isHere = peekUsable(engine, target) !== undefined;
  const invalidation = ofKey(engine, target, false);
  applyHere(engine, invalidation);
  reportInvalidation(engine, "key", target.key, target.settings.namespace, false, false);
  const { shared } = engine;
  if (shared === undefined) return { settled: "none", count: isHere ? 1 : 0 };
  return removeShared(engine, shared, invalidation, isHere);
}

/** Ends an entry in the shared tier. Counts it if there was one, here or there. */
export async function removeShared(
  engine: Engine,
  shared: SharedTier,
  invalidation: Invalidation & { readonly kind: "key" },
  isHere: boolean,
): Promise<Removed> {
  let existed = isHere;
  const settled = await settle(engine, shared, invalidation, async () => {
    const removed = await shared.remove(invalidation.fullKey);
    if (removed === UNAVAILABLE || removed.existed === undefined) return false;
    existed ||= removed.existed;
    return true;
  });
  return { settled, count: existed ? 1 : 0 };
}

/** `remove` for a caller who cannot wait: a shared tier is told behind, unless it answers at once. */
export function removeSync(engine: Engine, target: Target): Removed {
  const isHere = peekUsable(engine, target) !== undefined;
  const existed = removeAtOnce(engine, target);
  if (existed !== undefined) {
    const invalidation = ofKey(engine, target, false);
    applyHere(engine, invalidation);
    engine.shared?.recovery.note(invalidation);
    reportInvalidation(engine, "key", target.key, target.settings.namespace, false, false);
    return { settled: "done", count: isHere || existed ? 1 : 0 };
  }
  const removing = remove(engine, target);
  if (!(removing instanceof Promise)) return removing;
  engine.tasks.own(removing, () => undefined);
  return { settled: "pending", count: isHere ? 1 : 0 };
}

/**
 * Removes an entry from the shared tier, if that answers at once. Answers whether there was one; `undefined` when somebody
 * has to be waited for.
 */
function removeAtOnce({ flights, shared }: Engine, target: Target): boolean | undefined {
  const atOnce = shared?.atOnce;
  if (shared === undefined || atOnce === undefined || flights.sentBefore(target.id, Infinity) !== undefined)
    return undefined;
  const removed = atOnce.remove(shared.fullKey(target));
  return removed === UNAVAILABLE ? undefined : removed.existed;
}

/** Several, at once. */
export async function removeAll(engine: Engine, targets: readonly Target[]): Promise<Removed> {
  if (targets.length === 0) return { settled: engine.shared === undefined ? "none" : "done", count: 0 };
  return total(await Promise.all(targets.map(async (target) => remove(engine, target))));
}

/** Turns one entry stale, until the end of its stale window, and fences its flight. */
export function markStale(engine: Engine, target: Target): Settled | Promise<Settled> {
  const invalidation = ofKey(engine, target, true);
  applyHere(engine, invalidation);
  reportInvalidation(engine, "key", target.key, target.settings.namespace, true, false);
  const { shared } = engine;
  if (shared === undefined) return "none";
  return settle(engine, shared, invalidation, async () => (await shared.markStale(invalidation.fullKey)) === true);
}

/** Invalidates all entries with one of the tags, whatever their number. */
export function invalidateTags(engine: Engine, tags: readonly string[], soft: boolean): Settled | Promise<Settled> {
  return bumpAll(engine, engine.epochs.tags(tags) ?? [], soft);
}

/** Invalidates a namespace, whatever its size. */
export function invalidateNamespace(
  engine: Engine,
  namespace: string | undefined,
  soft: boolean,
): Settled | Promise<Settled> {
  return bumpAll(engine, [engine.epochs.namespace(namespace)], soft);
}

/** Ends everything. */
export function clear(engine: Engine): Settled | Promise<Settled> {
  return bumpAll(engine, [engine.epochs.root], false);
}

function bumpAll(engine: Engine, epochs: readonly Epoch[], soft: boolean): Settled | Promise<Settled> {
  const all = epochs.map((epoch) => ({ kind: "epoch", epoch, soft }) as const);
  for (const invalidation of all) {
    applyHere(engine, invalidation);
    engine.flights.endSets(invalidation.epoch, soft);
    reportEpoch(engine, invalidation, false);
  }
  const { shared } = engine;
  if (shared === undefined) return "none";
  const bumps = all.map((invalidation) =>
    settle(
      engine,
      shared,
      invalidation,
      async () => (await shared.bump(invalidation.epoch as EpochName, soft)) === true,
    ),
  );
  return Promise.all(bumps).then(worst);
}

/**
 * Asks the authority, and does it here once more when that has settled, whatever it came to: what has begun since the
 * call may have seen the old state. What the authority has not got is kept for it.
 */
function settle(
  engine: Engine,
  shared: SharedTier,
  invalidation: Invalidation,
  work: () => Promise<boolean>,
): Promise<Settled> {
  const number = engine.flights.nextNumber();
  const settling = shared.recovery.whileUnderWay(invalidation, async (): Promise<Settled> => {
    const isDone = await (invalidation.kind === "key"
      ? engine.flights.sendInTurn(invalidation.id, number, work)
      : work());
    applyHere(engine, invalidation, number);
    if (isDone) shared.recovery.note(invalidation);
    else shared.recovery.defer(invalidation);
    return isDone ? "done" : "pending";
  });
  return engine.tasks.track(settling);
}

function ofKey(engine: Engine, target: Target, soft: boolean): Invalidation & { readonly kind: "key" } {
  return { kind: "key", id: target.id, fullKey: engine.shared?.fullKey(target) ?? "", soft };
}

function total(all: readonly Removed[]): Removed {
  return { settled: worst(all.map(({ settled }) => settled)), count: all.reduce((sum, { count }) => sum + count, 0) };
}
