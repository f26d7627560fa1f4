// Finding: what memory or the shared tier has for a key that may be used now, and what is said of giving it out.

import { maxAgeIn } from "../model/call.ts";
import type { Instant } from "../model/duration.ts";
import { isTooOld, stateOf, type Entry, type EntryState } from "../model/entry.ts";
import type { Engine, Target } from "./engine.ts";
import type { Sought } from "./flight.ts";
import type { Verdict } from "./judge.ts";
import type { SharedTier } from "./shared-tier.ts";

/** A usable entry and its state at an instant. */
export interface Found {
  readonly entry: Entry;
  readonly state: Exclude<EntryState, "expired">;
  readonly now: Instant;
  /** The name of the tier that had it. */
  readonly tier: string;
}

/** What a read has to go by. */
export interface Sight {
  readonly found: Found | undefined;
  /** How looking in the shared tier went; `undefined` when nobody looked there. */
  readonly sought: Sought | undefined;
}

/** The usable entry in memory, if it is memory's turn. What can be of no use to anybody is dropped on the way. */
export function find(engine: Engine, target: Target): Found | undefined {
  return isMemoryFirst(engine, target) ? findHere(engine, target) : undefined;
}

/** The usable entry in memory, whoever may have a newer one. */
export function findHere(engine: Engine, target: Target): Found | undefined {
  const found = findAny(engine, target);
  return found === undefined || isTrusted(engine, target, found.entry) ? found : undefined;
}

/** Whether memory is asked before the shared tier: by their order, or because that one does not answer. */
export function isMemoryFirst({ settings, shared }: Engine, target: Target): boolean {
  return settings.isMemoryFirst || shared === undefined || shared.isAway || target.settings.shared?.use !== true;
}

/** The same, suspect copies included: for when nobody can be asked. */
export function findAny({ memory, clock }: Engine, { id, settings }: Target): Found | undefined {
  if (!settings.memory.use) return undefined;
  const entry = memory.get(id);
  if (entry === undefined) return undefined;
  const now = clock.now();
  const state = stateOf(entry, now);
  if (state === "expired") {
    memory.delete(id);
    return undefined;
  }
  return isTooOld(entry, now, maxAgeIn(settings, settings.memory))
    ? undefined
    : { entry, state, now, tier: memory.name };
}

/** Whether a copy in memory may be used without asking the authority. */
export function isTrusted({ shared, flights }: Engine, { settings }: Target, entry: Entry): boolean {
  if (shared === undefined || settings.shared?.use !== true) return true;
  if (shared.spares(entry) || flights.isBeingSet(entry)) return true;
  // A tier that is full takes no copies, but still tells of invalidations: better these than none at all.
  return shared.guard.lastRefusal !== undefined && shared.trust.wouldHear(entry);
}

/** The shared tier, if a read that has found so much in memory has to look there. */
export function tierToSeek({ shared }: Engine, { settings }: Target, found: Found | undefined): SharedTier | undefined {
  return found === undefined && settings.shared?.use === true && !settings.forceRefresh ? shared : undefined;
}

/** Looks in the shared tier, and goes on with what it saw there. Where it does not answer, a suspect copy has to do. */
export function seek<T>(
  engine: Engine,
  shared: SharedTier,
  target: Target,
  goOn: (sight: Sight) => T | Promise<T>,
): Promise<T> {
  const begunAt = engine.clock.now();
  return shared.lookups.lookAnd(target, (verdict) => goOn(sightOf(engine, shared, target, verdict, begunAt)));
}

/** What a look into the shared tier came to, for a call. */
export function sightOf(engine: Engine, shared: SharedTier, target: Target, verdict: Verdict, begunAt: Instant): Sight {
  const { clock, counters } = engine;
  const now = clock.now();
  const spentMs = now - begunAt;
  if (verdict.kind === "unavailable") {
    return { found: findAny(engine, target), sought: { version: undefined, spentMs, isAnswered: false } };
  }
  if (verdict.kind === "gated") {
    // Only what was made here since, with every invalidation heard, is good; else the source has to be asked.
    const copy = findAny(engine, target);
    const found = copy !== undefined && shared.trust.wouldHear(copy.entry) ? copy : undefined;
    return { found, sought: { version: undefined, spentMs, isAnswered: false } };
  }
  if (verdict.kind === "absent") {
    counters.shared.misses++;
    return { found: undefined, sought: { version: verdict.version, spentMs, isAnswered: true } };
  }
  const { entry, tier } = verdict;
  const { settings } = target;
  const isShared = tier === shared.name;
  const sought = { version: entry.version, spentMs, isAnswered: isShared || shared.trust.covers(entry) };
  const state = stateOf(entry, now);
  if (state === "expired" || isTooOld(entry, now, maxAgeIn(settings, settings.shared))) {
    (isShared ? counters.shared : counters.copies).misses++;
    return { found: undefined, sought };
  }
  return { found: { entry, state, now, tier }, sought };
}

/** Counts and reports that an entry is served without waiting, and returns it. */
export function serve(engine: Engine, target: Target, found: Found): Entry {
  const { counters, backoff, memory, shared } = engine;
  const { entry, state, now, tier } = found;
  if (state === "fresh") counters.freshHits++;
  else if (state === "stale") counters.staleHits++;
  else counters.rescueHits++;
  if (tier !== memory.name) (tier === shared?.name ? counters.shared : counters.copies)[state]++;
  entry.namespaceEpoch.hits++;
  reportServed(engine, target, found, state === "rescue" ? backoff.current(entry, now)?.error : undefined);
  return entry;
}

/** Says that an entry is given out, and in which state. */
export function reportServed(
  { observer }: Engine,
  { key, settings }: Target,
  { entry, state, now, tier }: Found,
  error: unknown,
): void {
  if (entry.access !== undefined) {
    entry.access.hitCount++;
    entry.access.lastAccessedAt = now;
  }
  const type = state === "fresh" ? "hit" : state;
  if (!observer.wants(type)) return;
  const about = { key, namespace: settings.namespace, tier };
  observer.notify(type === "rescue" ? { type, ...about, error } : { type, ...about });
}

/** What a caller gets of an entry. */
export function valueOf({ memory }: Engine, { value }: Entry): unknown {
  return memory.expose(value);
}

/** Nothing could be served at once. */
export function miss({ counters, observer, epochs }: Engine, { key, settings }: Target): undefined {
  counters.misses++;
  epochs.noteMiss(settings.namespace);
  if (observer.wants("miss")) observer.notify({ type: "miss", key, namespace: settings.namespace });
}
