// Reading: looks a key up, decides what its state allows, and refreshes where that is due.

import { assertNever } from "../errors.ts";
import type { Instant } from "../model/duration.ts";
import { stateOf, type Entry, type EntryState } from "../model/entry.ts";
import { areTagsTouched, isEnded } from "../model/epoch.ts";
import { shouldRefreshEarly } from "../model/policy.ts";
import type { Refresh } from "../model/refresh.ts";
import type { Engine, Target } from "./engine.ts";
import { prepare, runInBackground } from "./refresh.ts";
import type { Flight, Landing } from "./flight.ts";
import { waitFor } from "./wait.ts";

/** A usable entry and its state at an instant. */
export interface Found {
  readonly entry: Entry;
  readonly state: Exclude<EntryState, "expired">;
  readonly now: Instant;
}

/** The usable entry of a target. What can be of no use to anybody any more is dropped on the way. */
export function find({ memory, clock }: Engine, { id, settings }: Target): Found | undefined {
  if (!settings.memory.use) return undefined;
  const entry = memory.get(id);
  if (entry === undefined) return undefined;
  const now = clock.now();
  const state = isEnded(entry) ? "expired" : stateOf(entry, now);
  if (state === "expired") {
    memory.delete(id);
    return undefined;
  }
  const ageMs = now - entry.createdAt;
  return ageMs < settings.maxAgeMs && ageMs < settings.memory.maxAgeMs ? { entry, state, now } : undefined;
}

/** `get` without a refresh: the fresh or stale value. */
export function peek(engine: Engine, target: Target): unknown {
  const found = find(engine, target);
  if (found !== undefined && found.state !== "rescue") return valueOf(engine, serve(engine, target, found));
  return miss(engine, target);
}

/** `get` with a refresh. A refresh that is due at once has been called when this returns. */
export function readThrough(engine: Engine, target: Target, refresh: Refresh): Promise<unknown> {
  const { signal } = target.settings;
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const found = find(engine, target);
  const plan = decide(engine, target, found);
  if (found === undefined || plan === "wait") {
    miss(engine, target);
    return refreshAndWait(engine, target, refresh, found);
  }
  if (plan === "serveAndRefresh") refreshInBackground(engine, target, refresh, found.entry);
  return promiseOf(engine, serve(engine, target, found));
}

async function refreshAndWait(
  engine: Engine,
  target: Target,
  refresh: Refresh,
  first: Found | undefined,
): Promise<unknown> {
  let found = first;
  for (;;) {
    const previous = found?.entry;
    const place = board(engine, target, () => prepare(engine, target, refresh, previous, false));
    place.flight.run.start(engine.clock.now());
    const answer = await ride(engine, target, place);
    if (answer !== undefined) return answer.value;
    found = find(engine, target);
    const plan = decide(engine, target, found);
    if (found === undefined || plan === "wait") continue;
    if (plan === "serveAndRefresh") refreshInBackground(engine, target, refresh, found.entry);
    return valueOf(engine, found.entry);
  }
}

/** What a read with a refresh does with what it found. */
export type Plan = "serve" | "serveAndRefresh" | "wait";

/** Decides from the state of the entry, the settings of the call, and chance. */
export function decide(engine: Engine, { settings }: Target, found: Found | undefined): Plan {
  if (found === undefined || settings.forceRefresh) return "wait";
  const { entry, state, now } = found;
  if (state === "fresh") {
    const { earlyRefresh } = settings;
    if (earlyRefresh === 0 || !shouldRefreshEarly(entry, now, earlyRefresh, engine.random)) return "serve";
  }
  if (engine.backoff.current(entry, now) !== undefined) {
    engine.counters.backedOff++;
    return "serve";
  }
  if (state === "fresh") return "serveAndRefresh";
  const isBackground = state === "stale" && settings.backgroundRefresh && settings.softTimeoutMs === undefined;
  return isBackground ? "serveAndRefresh" : "wait";
}

function refreshInBackground(engine: Engine, target: Target, refresh: Refresh, previous: Entry): void {
  if (engine.flights.joinable(target.id) !== undefined || refuseBackground(engine, target)) return;
  runInBackground(engine, prepare(engine, target, refresh, previous, true).run);
}

/** Whether there is no room for one more background refresh, which is then reported. */
export function refuseBackground({ background, counters, observer }: Engine, { key, settings }: Target): boolean {
  if (!background.isFull) return false;
  counters.refusedRefreshes++;
  if (observer.wants("refreshRefused")) observer.notify({ type: "refreshRefused", key, namespace: settings.namespace });
  return true;
}

/** A caller's place in a flight. */
export interface Place {
  readonly flight: Flight;
  /** The flight was running before this caller came, and an invalidation lay between. */
  readonly isDoubtful: boolean;
}

/** Finds the key's flight, or makes one. It may still have to be started. */
export function board({ flights, epochs, counters }: Engine, { id }: Target, make: () => Flight): Place {
  const running = flights.joinable(id);
  if (running !== undefined) counters.joined++;
  const flight = running ?? make();
  return { flight, isDoubtful: flight.asOf < epochs.now };
}

/** The value for a caller; `undefined` when it must read again. */
export type Answer = { readonly value: unknown } | undefined;

/** Waits for a flight, and makes of its end what this caller gets. @throws what the refresh threw */
export async function ride(engine: Engine, target: Target, { flight, isDoubtful }: Place): Promise<Answer> {
  const outcome = await waitFor(engine, flight, target, () => lateStale(engine, target));
  switch (outcome.kind) {
    case "landed": {
      // A tag that the refresh named last may have been invalidated before this caller came.
      if (isDoubtful && outcome.tags !== undefined && areTagsTouched(outcome.tags, flight.asOf)) return undefined;
      return { value: outcome.isPassedOn ? outcome.value : engine.memory.expose(outcome.value) };
    }
    case "failed":
      return rescue(engine, target, outcome);
    case "softTimeout":
      return outcome.answer;
    default:
      return assertNever(outcome);
  }
}

/** The stale value, if there is one when `softTimeout` passes. */
function lateStale(engine: Engine, target: Target): Answer {
  const found = target.settings.forceRefresh ? undefined : find(engine, target);
  return found === undefined || found.state === "rescue" ? undefined : giveLate(engine, target, found, undefined);
}

/**
 * The old value, where its refresh has failed and it may still be used for that. Without one, who joined a refresh whose
 * time in the background was up reads again: that limit was not his.
 * @throws `error` where neither helps
 */
function rescue(engine: Engine, target: Target, { error, isGivenUp }: Landing & { readonly kind: "failed" }): Answer {
  const found = target.settings.forceRefresh ? undefined : find(engine, target);
  if (found !== undefined) return giveLate(engine, target, found, error);
  if (isGivenUp) return undefined;
  throw error;
}

function giveLate(engine: Engine, target: Target, found: Found, error: unknown): Answer {
  engine.counters.rescued++;
  report(engine, target, found, error);
  return { value: valueOf(engine, found.entry) };
}

/** Counts and reports that an entry is served without waiting, and returns it. */
export function serve(engine: Engine, target: Target, found: Found): Entry {
  const { counters, backoff } = engine;
  const { entry, state, now } = found;
  if (state === "fresh") counters.freshHits++;
  else if (state === "stale") counters.staleHits++;
  else counters.rescueHits++;
  report(engine, target, found, state === "rescue" ? backoff.current(entry, now)?.error : undefined);
  return entry;
}

/** Says that an entry is given out, and in which state. */
function report(engine: Engine, { key, settings }: Target, { entry, state, now }: Found, error: unknown): void {
  const { observer, memory } = engine;
  if (entry.access !== undefined) {
    entry.access.hitCount++;
    entry.access.lastAccessedAt = now;
  }
  const type = state === "fresh" ? "hit" : state;
  if (!observer.wants(type)) return;
  const about = { key, namespace: settings.namespace, tier: memory.name };
  observer.notify(type === "rescue" ? { type, ...about, error } : { type, ...about });
}

/** What a caller gets of an entry. */
export function valueOf({ memory }: Engine, { value }: Entry): unknown {
  return memory.expose(value);
}

function promiseOf(engine: Engine, entry: Entry): Promise<unknown> {
  return engine.memory.settings.isolation === "clone" ? Promise.resolve(valueOf(engine, entry)) : entry.promise;
}

/** Nothing could be served at once. */
export function miss({ counters, observer }: Engine, { key, settings }: Target): undefined {
  counters.misses++;
  if (observer.wants("miss")) observer.notify({ type: "miss", key, namespace: settings.namespace });
}
