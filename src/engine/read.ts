// Reading: finds a key, decides what its state allows, and refreshes where that is due.

import { refreshesBehind } from "../model/call.ts";
import type { Entry } from "../model/entry.ts";
import { shouldRefreshEarly } from "../model/policy.ts";
import type { Refresh } from "../model/refresh.ts";
import { findAtOnce } from "./at-once.ts";
import type { Engine, Target } from "./engine.ts";
import type { Sought } from "./flight.ts";
import { find, findHere, miss, seek, serve, tierToSeek, valueOf, type Found, type Sight } from "./find.ts";
import { prepare, runInBackground } from "./refresh.ts";
import { board, ride } from "./ride.ts";

/** `get` without a refresh, of what this process has: the fresh or stale value. */
export function peek(engine: Engine, target: Target): unknown {
  return give(engine, target, findHere(engine, target) ?? findAtOnce(engine, target));
}

/** `get` without a refresh: the fresh or stale value, from wherever it is. */
export function peekAnywhere(engine: Engine, target: Target): unknown {
  const found = find(engine, target);
  const shared = tierToSeek(engine, target, found);
  if (shared === undefined) return give(engine, target, found);
  return seek(engine, shared, target, ({ found: seen }) => give(engine, target, seen));
}

function give(engine: Engine, target: Target, found: Found | undefined): unknown {
  if (found !== undefined && found.state !== "rescue") return valueOf(engine, serve(engine, target, found));
  return miss(engine, target);
}

/**
 * `get` with a refresh. Where there is nobody else to ask, a refresh that is due at once has been called when this
 * returns.
 */
export function readThrough(engine: Engine, target: Target, refresh: Refresh): Promise<unknown> {
  const { signal } = target.settings;
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const found = find(engine, target);
  const shared = tierToSeek(engine, target, found);
  if (shared === undefined || isSoughtInVain(engine, target)) {
    return proceed(engine, target, refresh, { found, sought: undefined });
  }
  return seek(engine, shared, target, (sight) => proceed(engine, target, refresh, sight));
}

function proceed(engine: Engine, target: Target, refresh: Refresh, sight: Sight): Promise<unknown> {
  const { found } = sight;
  const plan = decide(engine, target, found);
  if (found === undefined || plan === "wait") {
    miss(engine, target);
    return refreshAndWait(engine, target, refresh, sight);
  }
  if (plan === "serveAndRefresh") refreshInBackground(engine, target, refresh, found.entry);
  return promiseOf(engine, serve(engine, target, found));
}

/** How often one caller's flight may be overtaken before it began; then its refresh is called without the authority. */
const MAX_ROUNDS = 16;
const ALONE: Sought = { version: undefined, spentMs: 0, isAnswered: false };

async function refreshAndWait(engine: Engine, target: Target, refresh: Refresh, first: Sight): Promise<unknown> {
  const arrival = engine.flights.nextNumber();
  let sight = first;
  for (let round = 0; ; round++) {
    const previous = sight.found?.entry;
    const sought = round < MAX_ROUNDS ? sight.sought : ALONE;
    const place = board(engine, target, arrival, () => prepare(engine, target, refresh, previous, false, sought));
    place.flight.run.start(engine.clock.now());
    const answer = await ride(engine, target, place);
    if (answer !== undefined) return answer.value;
    sight = lookAgain(engine, target) ?? (await lookEverywhere(engine, target));
    const plan = decide(engine, target, sight.found);
    if (sight.found === undefined || plan === "wait") continue;
    if (plan === "serveAndRefresh") refreshInBackground(engine, target, refresh, sight.found.entry);
    return valueOf(engine, sight.found.entry);
  }
}

/** What can be seen without waiting; `undefined` when somebody has to be asked. */
function lookAgain(engine: Engine, target: Target): Sight | undefined {
  const found = find(engine, target);
  const mustAsk = tierToSeek(engine, target, found) !== undefined && !isSoughtInVain(engine, target);
  return mustAsk ? undefined : { found, sought: undefined };
}

/** Whether the shared tier need not be asked, because somebody is refreshing what is nowhere. */
function isSoughtInVain({ flights }: Engine, { id }: Target): boolean {
  const running = flights.joinable(id);
  return running !== undefined && running.previous === undefined;
}

/** What a read has to go by, wherever it is. */
export async function lookEverywhere(engine: Engine, target: Target): Promise<Sight> {
  const found = find(engine, target);
  const shared = tierToSeek(engine, target, found);
  return shared === undefined ? { found, sought: undefined } : seek(engine, shared, target, (sight) => sight);
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
  return state === "stale" && refreshesBehind(settings) ? "serveAndRefresh" : "wait";
}

function refreshInBackground(engine: Engine, target: Target, refresh: Refresh, previous: Entry): void {
  if (isBeingRefreshed(engine, target) || refuseBackground(engine, target)) return;
  runInBackground(engine, prepare(engine, target, refresh, previous, true).run);
}

/** Whether somebody is at it already, here or, as far as was heard a moment ago, elsewhere. */
export function isBeingRefreshed({ flights, shared }: Engine, { id }: Target): boolean {
  return flights.joinable(id) !== undefined || (shared !== undefined && shared.waiters.isDenied(id));
}

/** Whether there is no room for one more background refresh, which is then reported. */
export function refuseBackground({ background, counters, observer }: Engine, { key, settings }: Target): boolean {
  if (!background.isFull) return false;
  counters.refusedRefreshes++;
  if (observer.wants("refreshRefused")) observer.notify({ type: "refreshRefused", key, namespace: settings.namespace });
  return true;
}

function promiseOf(engine: Engine, entry: Entry): Promise<unknown> {
  return engine.memory.settings.isolation === "clone" ? Promise.resolve(valueOf(engine, entry)) : entry.promise;
}
