// Refreshing: makes flights, calls the user's function once per flight, and brings the flight to its end.

import { CacheError, show } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Refresh } from "../model/refresh.ts";
import type { Engine, Target } from "./engine.ts";
import { createContext, ResultNotes } from "./refresh-context.ts";
import { Flight, RefreshRun } from "./flight.ts";
import { fill } from "./write.ts";

const OVERTAKEN = new CacheError("closed", "an invalidation came before this refresh had its turn");

/** A flight for one key, registered but not started. */
export function prepare(
  engine: Engine,
  target: Target,
  refresh: Refresh,
  previous: Entry | undefined,
  background: boolean,
): Flight {
  const run = new RefreshRun(() => void fly(engine, flight, target, refresh));
  const flight: Flight = addFlight(engine, target, run, previous, background);
  return flight;
}

/** Registers a flight that `run` will serve. Its epochs are captured here, before the refresh starts. */
export function addFlight(
  { epochs, flights }: Engine,
  { id, key, settings }: Target,
  run: RefreshRun,
  previous: Entry | undefined,
  background: boolean,
): Flight {
  const stamp = {
    asOf: epochs.now,
    namespaceEpoch: epochs.namespace(settings.namespace),
    tags: epochs.tags(settings.tags),
  };
  const flight = new Flight({ id, key, run, previous, background, ...stamp });
  run.flights.push(flight);
  flights.add(flight);
  return flight;
}

/** Queues a run. When its turn comes it starts, unless a foreground caller has started it or nobody needs it any more. */
export function runInBackground(engine: Engine, run: RefreshRun): void {
  engine.background.add(async () => {
    if (run.startedAt !== undefined) return;
    if (run.flights.every((flight) => engine.flights.isOvertaken(flight))) dropRun(engine, run, OVERTAKEN);
    else run.start(engine.clock.now());
    await Promise.allSettled(run.flights.map(({ landing }) => landing));
  });
}

/** Gives up a run that has not started. */
export function dropRun(engine: Engine, run: RefreshRun, reason: unknown): void {
  for (const flight of run.flights) {
    if (flight.settled) continue;
    engine.flights.remove(flight);
    flight.fail(reason);
  }
}

async function fly(engine: Engine, flight: Flight, target: Target, refresh: Refresh): Promise<void> {
  const { clock } = engine;
  const notes = new ResultNotes(target.settings, engine.settings.maxNameBytes);
  const startedAt = clock.now();
  try {
    departed(engine, flight.run, target.settings.hardTimeoutMs);
    const stale = flight.previous && engine.memory.expose(flight.previous.value);
    const value = await refresh(createContext(target.key, flight.run, stale, notes));
    await arrive(engine, flight, value, notes, clock.now() - startedAt);
  } catch (error) {
    crash(engine, flight, error);
  }
}

/** A refresh is about to be called. */
export function departed(engine: Engine, run: RefreshRun, hardTimeoutMs: Milliseconds): void {
  const { counters, observer } = engine;
  const background = run.flights.some((flight) => flight.background);
  if (background) {
    counters.backgroundRefreshes++;
    limitTime(engine, run, Math.min(hardTimeoutMs, engine.settings.refreshTimeoutMs));
  } else {
    counters.foregroundRefreshes++;
  }
  if (!observer.wants("refreshStart")) return;
  for (const { key, namespaceEpoch } of run.flights) {
    observer.notify({ type: "refreshStart", key, namespace: namespaceEpoch.name, background });
  }
}

/** Nobody waits in the background, so that a refresh which hangs needs a limit: it would hold its place for ever. */
function limitTime(engine: Engine, run: RefreshRun, limitMs: Milliseconds): void {
  const cancel = engine.clock.schedule(limitMs, () => {
    for (const flight of run.flights) abandon(engine, flight, timedOut(flight.key, limitMs), true);
  });
  void Promise.allSettled(run.flights.map(({ landing }) => landing)).then(cancel);
}

/** A refresh has resolved: stores its value if it may, and lands the flight. */
export async function arrive(
  engine: Engine,
  flight: Flight,
  value: unknown,
  notes: ResultNotes,
  durationMs: Milliseconds,
): Promise<void> {
  const { validate } = engine.settings;
  const isChecked = validate !== undefined && value !== undefined && !notes.skipped;
  const refusal = isChecked ? await validate(value) : undefined;
  if (flight.settled) return;
  const { tags, notStored } = fill(engine, flight, value, notes, refusal, durationMs);
  engine.flights.remove(flight);
  flight.land({ value, tags });
  const { key, background, namespaceEpoch } = flight;
  const { observer } = engine;
  if (!observer.wants("refreshEnd")) return;
  observer.notify({ type: "refreshEnd", key, namespace: namespaceEpoch.name, background, durationMs, notStored });
}

/** A refresh has failed: its callers hear of it. With an old value at hand it is left alone for a while. */
export function crash(engine: Engine, flight: Flight, error: unknown): void {
  if (flight.settled) return;
  engine.counters.failedRefreshes++;
  end(engine, flight, error, flight.previous && engine.backoff.add(flight.previous, error).retryAt);
}

/**
 * Gives a flight up: its result will not be stored, and its refresh is told, if nobody else needs it.
 * @param failed whether this is a failure of the refresh; that its callers have left is none
 */
export function abandon(engine: Engine, flight: Flight, reason: unknown, failed: boolean): void {
  if (flight.settled) return;
  flight.fenced = true;
  if (failed) crash(engine, flight, reason);
  else end(engine, flight, reason, undefined);
  if (flight.run.flights.every(({ settled }) => settled)) flight.run.abort(reason);
}

function end({ flights, observer }: Engine, flight: Flight, error: unknown, retryAt: Instant | undefined): void {
  flights.remove(flight);
  flight.fail(error);
  if (!observer.wants("refreshFail")) return;
  const { key, background, namespaceEpoch } = flight;
  observer.notify({ type: "refreshFail", key, namespace: namespaceEpoch.name, background, error, retryAt });
}

/** The error of a refresh that took too long. */
export function timedOut(key: string, limitMs: Milliseconds): CacheError {
  return new CacheError("timeout", `refresh of ${show(key)} must take less than ${limitMs} ms`, { key });
}
