// Invalidating: single keys, and in constant time tags, namespaces and everything; gone, or stale from now on.

import type { EpochName } from "../contracts/authority.ts";
import { staleFrom } from "../model/entry.ts";
import { isEnded, type Epoch } from "../model/epoch.ts";
import { compileGlob, literalPrefix } from "../model/glob.ts";
import { fullKeyPrefix, idPrefix, keyOfId, readFullKey, toId } from "../model/key.ts";
import type { Engine, Target } from "./engine.ts";
import { UNAVAILABLE } from "./guard.ts";
import { isUsableAt, peekUsable } from "./inspect.ts";
import type { Invalidation } from "./recovery.ts";
import { reportInvalidation } from "./report.ts";
import type { SharedTier } from "./shared-tier.ts";

/** How far something has got: see `MutationResult`. */
export type Settled = "done" | "pending" | "none";

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

async function removeShared(
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

/** The same for a caller who cannot wait: a shared tier is told behind, unless it answers at once. */
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

/** Says that a namespace, a tag or everything has been invalidated. */
export function reportEpoch(
  engine: Engine,
  { epoch, soft }: Invalidation & { readonly kind: "epoch" },
  remote: boolean,
): void {
  reportInvalidation(engine, epoch.kind === "root" ? "all" : epoch.kind, epoch.name, undefined, soft, remote);
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

/**
 * Does in this process what an invalidation says: ends what it holds, and fences what is under way.
 * @param number sets that were called later are not touched by an invalidation of their key
 */
export function applyHere(engine: Engine, invalidation: Invalidation, number: number = Infinity): void {
  const { memory, flights, epochs, shared } = engine;
  if (invalidation.kind === "epoch") {
    const { epoch, soft } = invalidation;
    epochs.bump(epoch, soft);
    if (epoch === epochs.root && !soft) memory.clear();
    if (shared !== undefined) flights.fenceOvertaken();
    return;
  }
  const { id, fullKey, soft } = invalidation;
  flights.fence(id, number);
  shared?.lookups.fence(id);
  if (fullKey !== "") engine.copies?.drop(fullKey);
  const copy = memory.peek(id);
  if (copy === undefined || flights.wasSetAfter(copy, number)) return;
  if (soft) markHere(engine, id);
  else memory.delete(id);
}

/** A rescue entry stays one, but has its back-off forgotten: who marks it asks for a try at once. */
function markHere({ memory, clock, backoff }: Engine, id: string): void {
  const entry = memory.peek(id);
  if (entry === undefined || isEnded(entry)) return;
  backoff.forget(entry);
  const stale = staleFrom(clock.now(), entry);
  memory.set(id, stale, memory.measure(stale.value, keyOfId(idPrefix(entry.namespaceEpoch.name), id)));
}

function ofKey(engine: Engine, target: Target, soft: boolean): Invalidation & { readonly kind: "key" } {
  return { kind: "key", id: target.id, fullKey: engine.shared?.fullKey(target) ?? "", soft };
}

/** Ends every entry of a namespace whose key matches a glob pattern: takes time with the size of the whole tier. */
export function removeMatching(
  engine: Engine,
  namespace: string | undefined,
  pattern: string,
): Removed | Promise<Removed> {
  const matches = compileGlob(pattern);
  const usable = removeMatchingHere(engine, namespace, matches, false);
  engine.copies?.dropMatching(namespace, pattern);
  const { shared } = engine;
  if (shared === undefined) return { settled: "none", count: usable };
  return engine.tasks.track(removeMatchingShared(engine, shared, namespace, pattern, usable));
}

export function removeMatchingHere(
  engine: Engine,
  namespace: string | undefined,
  matches: (key: string) => boolean,
  remote: boolean,
): number {
  const { memory, flights, clock, shared } = engine;
  const prefix = idPrefix(namespace);
  const isMeant = (id: string, of: string | undefined): boolean => of === namespace && matches(keyOfId(prefix, id));
  const ids: string[] = [];
  let usable = 0;
  for (const [id, entry] of memory.entries()) {
    if (!isMeant(id, entry.namespaceEpoch.name)) continue;
    ids.push(id);
    if (isUsableAt(entry, clock.now(), engine.settings.call)) usable++;
  }
  flights.fenceWhere(({ target, namespaceEpoch }) => isMeant(target.id, namespaceEpoch.name));
  shared?.lookups.fenceWhere((id, { namespaceEpoch }) => isMeant(id, namespaceEpoch.name));
  for (const id of ids) {
    applyHere(engine, { kind: "key", id, fullKey: "", soft: false });
    reportInvalidation(engine, "key", keyOfId(prefix, id), namespace, false, remote);
  }
  return usable;
}

/** Keys that are removed at a time. */
const CHUNK = 200;

/**
 * Frames, and leases too: a refresh elsewhere of a key without a frame must not store what is older than this. A tier
 * that fails midway may hold any of them still: then the whole namespace counts as pending, and ends.
 */
async function removeMatchingShared(
  engine: Engine,
  shared: SharedTier,
  namespace: string | undefined,
  pattern: string,
  countHere: number,
): Promise<Removed> {
  const matches = compileGlob(pattern);
  let count = 0;
  const removeSome = async (fullKeys: readonly string[]): Promise<void> => {
    const all = fullKeys.map(async (fullKey) => {
      const id = toId(idPrefix(namespace), readFullKey(shared.root, fullKey)?.key ?? "");
      const one = await removeShared(engine, shared, { kind: "key", id, fullKey, soft: false }, false);
      count += one.count;
      return one.settled;
    });
    if (worst(await Promise.all(all)) === "pending") throw UNAVAILABLE;
  };
  const prefix = fullKeyPrefix(shared.root, namespace, literalPrefix(pattern));
  // Sets that have been called before and not been written yet, which nobody finds. At once: not those called later.
  const removing = removeSome(pendingKeys(engine, shared, namespace, matches));
  try {
    await removing;
    // Leases first: a refresh that fills in between is then found among the frames.
    for (const found of [shared.leases(prefix), shared.keys(prefix)]) {
      const removed = new Set<string>();
      let chunk: string[] = [];
      for await (const fullKey of found) {
        const names = readFullKey(shared.root, fullKey);
        if (names === undefined || removed.has(fullKey) || !matches(names.key)) continue;
        removed.add(fullKey);
        chunk.push(fullKey);
        if (chunk.length < CHUNK) continue;
        await removeSome(chunk);
        chunk = [];
      }
      await removeSome(chunk);
    }
    // Copies of what is nowhere in the tier any more, because it was evicted, are to go as well.
    if ((await shared.announce(namespace, pattern)) !== true) throw UNAVAILABLE;
  } catch {
    const epoch = engine.epochs.namespace(namespace);
    applyHere(engine, { kind: "epoch", epoch, soft: false });
    shared.recovery.defer({ kind: "epoch", epoch, soft: false });
    return { settled: "pending", count: Math.max(count, countHere) };
  }
  removeMatchingHere(engine, namespace, matches, false);
  engine.copies?.dropMatching(namespace, pattern);
  return { settled: "done", count: Math.max(count, countHere) };
}

/** The full keys of sets under way that are meant. */
function pendingKeys(
  { flights }: Engine,
  shared: SharedTier,
  namespace: string | undefined,
  matches: (key: string) => boolean,
): readonly string[] {
  const targets = flights.settingWhere(
    ({ target, namespaceEpoch }) => namespaceEpoch.name === namespace && matches(target.key),
  );
  return [...new Set(targets.map((target) => shared.fullKey(target)))];
}

function worst(all: readonly Settled[]): Settled {
  if (all.includes("pending")) return "pending";
  return all.includes("none") ? "none" : "done";
}

function total(all: readonly Removed[]): Removed {
  return { settled: worst(all.map(({ settled }) => settled)), count: all.reduce((sum, { count }) => sum + count, 0) };
}
