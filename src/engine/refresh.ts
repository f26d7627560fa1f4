// Refreshing: makes flights, calls the user's function once per flight, and brings the flight to its end.

import { CacheError, show } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { isEnded } from "../model/epoch.ts";
import type { Refresh } from "../model/refresh.ts";
import type { Engine, Target } from "./engine.ts";
import { Flight, RefreshRun, type Landing } from "./flight.ts";
import { Context, ResultNotes } from "./refresh-context.ts";
import { fill, stampNow } from "./write.ts";

/** A flight for one key, registered but not started. */
export function prepare(
  engine: Engine,
  target: Target,
  refresh: Refresh,
  previous: Entry | undefined,
  background: boolean,
): Flight {
  const run = new RefreshRun(() => void fly(engine, flight, refresh));
  const flight: Flight = addFlight(engine, target, run, previous, background);
  return flight;
}

/** Registers a flight that `run` will serve. Its epochs are captured here, before the refresh starts. */
export function addFlight(
  engine: Engine,
  target: Target,
  run: RefreshRun,
  previous: Entry | undefined,
  background: boolean,
): Flight {
  const flight = new Flight(
    target,
    run,
    previous,
    background,
    stampNow(engine, target.settings),
    new ResultNotes(target.settings, engine.epochs),
  );
  engine.flights.add(flight);
  run.flights.push(flight);
  return flight;
}

/** Queues a run. When its turn comes it starts, unless a foreground caller has started it or nobody needs it any more. */
export function runInBackground(engine: Engine, run: RefreshRun): void {
  engine.background.add(async () => {
    if (run.startedAt !== undefined || run.flights.every(({ settled }) => settled)) return;
    if (run.flights.every((flight) => engine.flights.isOvertaken(flight))) dropRun(engine, run);
    else run.start(engine.clock.now());
    await run.landed();
  });
}

/** Gives up a run that has not started. Nobody waits for its flights: whoever needs one starts it. */
export function dropRun({ flights }: Engine, run: RefreshRun): void {
  for (const flight of run.flights) {
    if (flight.settled) continue;
    flights.remove(flight);
    const error = new CacheError("closed", "this refresh was given up before it began");
    flight.land({ kind: "failed", error, isGivenUp: false });
  }
}

async function fly(engine: Engine, flight: Flight, refresh: Refresh): Promise<void> {
  const { run, target, notes } = flight;
  try {
    departed(engine, run, target.settings.hardTimeoutMs);
    const value = await refresh(new Context(target, run, staleOf(engine, flight), notes));
    const durationMs = durationOf(engine, run);
    arrive(engine, flight, value, await refusalOf(engine, value, notes), durationMs);
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
  for (const { target } of run.flights) {
    const { key, settings } = target;
    observer.notify({ type: "refreshStart", key, namespace: settings.namespace, background });
  }
}

/** Nobody waits in the background, so that a refresh which hangs needs a limit: it would hold its place for ever. */
function limitTime(engine: Engine, run: RefreshRun, limitMs: Milliseconds): void {
  const cancel = engine.clock.schedule(limitMs, () => {
    for (const flight of run.flights) giveUp(engine, flight, limitMs);
  });
  void run.landed().then(cancel);
}

/** A caller who has been given a stale value leaves the flight to itself, but not for ever. */
export function leaveBehind(engine: Engine, flight: Flight): void {
  const limitMs = engine.settings.refreshTimeoutMs;
  const cancel = engine.clock.schedule(limitMs, () => {
    if (flight.leave()) giveUp(engine, flight, limitMs);
  });
  void flight.landing.then(cancel);
}

/** The value a refresh is shown as the one it will replace; not if that has been ended while it waited for its turn. */
export function staleOf({ epochs, memory }: Engine, { previous, fenced, asOf }: Flight): unknown {
  const isGone = previous === undefined || fenced || epochs.clearedAt > asOf || isEnded(previous);
  return isGone ? undefined : memory.expose(previous.value);
}

/** How long a run has taken, in whole milliseconds. */
export function durationOf({ clock }: Engine, { startedAt }: RefreshRun): Milliseconds {
  return Math.round(clock.now() - (startedAt as Instant));
}

/** What `validate` says against the value of a refresh. In a promise only where there is something to ask. */
export function refusalOf(
  { settings: { validate } }: Engine,
  value: unknown,
  { skipped }: ResultNotes,
): ReturnType<NonNullable<typeof validate>> {
  return validate === undefined || value === undefined || skipped ? undefined : validate(value);
}

/** A refresh has resolved: stores its value if it may, and lands the flight. */
export function arrive(
  engine: Engine,
  flight: Flight,
  value: unknown,
  refusal: string | undefined,
  durationMs: Milliseconds,
): void {
  if (flight.settled) return;
  const { tags, notStored } = fill(engine, flight, value, refusal, durationMs);
  engine.flights.remove(flight);
  const isPassedOn = notStored === "skipped" || notStored === "tier-skipped";
  flight.land({ kind: "landed", value, tags, isPassedOn });
  const { observer } = engine;
  if (!observer.wants("refreshEnd")) return;
  const { background, target } = flight;
  const about = { key: target.key, namespace: target.settings.namespace, background };
  observer.notify({ type: "refreshEnd", ...about, durationMs, notStored });
}

function giveUp(engine: Engine, flight: Flight, limitMs: Milliseconds): void {
  const error = timedOut(flight.target.key, limitMs);
  crash(engine, flight, error, true);
  abortIfDone(flight.run, error);
}

/** A refresh has failed: its callers hear of it. With an old value at hand it is left alone for a while. */
export function crash(engine: Engine, flight: Flight, error: unknown, isGivenUp = false): void {
  if (flight.settled) return;
  engine.counters.failedRefreshes++;
  const failure = flight.previous && engine.backoff.add(flight.previous, error, flight.asOf);
  end(engine, flight, { kind: "failed", error, isGivenUp }, failure?.retryAt);
}

/**
 * Gives a flight up: its result will not be stored, and its refresh is told, if nobody else needs it.
 * @param failed whether this is a failure of the refresh; that its callers have left is none
 */
export function abandon(engine: Engine, flight: Flight, reason: unknown, failed: boolean): void {
  if (flight.settled) return;
  if (failed) crash(engine, flight, reason);
  else end(engine, flight, { kind: "failed", error: reason, isGivenUp: false }, undefined);
  abortIfDone(flight.run, reason);
}

function abortIfDone(run: RefreshRun, reason: unknown): void {
  if (run.flights.every(({ settled }) => settled)) run.abort(reason);
}

function end(
  { flights, observer }: Engine,
  flight: Flight,
  landing: Landing & { readonly kind: "failed" },
  retryAt: Instant | undefined,
): void {
  flights.remove(flight);
  flight.land(landing);
  if (!observer.wants("refreshFail")) return;
  const { background, target } = flight;
  const { error } = landing;
  const about = { key: target.key, namespace: target.settings.namespace, background };
  observer.notify({ type: "refreshFail", ...about, error, retryAt });
}

/** The error of a refresh that took too long. */
export function timedOut(key: string, limitMs: Milliseconds): CacheError {
  return new CacheError("timeout", `refresh of ${show(key)} must take less than ${limitMs} ms`, { key });
}
