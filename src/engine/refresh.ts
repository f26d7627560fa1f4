// Refreshing: makes flights, calls the user's function once per flight, and brings the flight to its end.

import { assertNever, CacheError, show } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { isEnded } from "../model/epoch.ts";
import type { Refresh } from "../model/refresh.ts";
import type { Engine, Target } from "./engine.ts";
import { Flight, type Landing, type RefreshRun, type Sought } from "./flight.ts";
import { Context, ResultNotes } from "./refresh-context.ts";
import { stampNow } from "./draft.ts";
import { fill, type Filled } from "./fill.ts";
import { engage, type Engaged } from "./lease.ts";
import { createRun } from "./traced-run.ts";

/** A flight for one key, registered but not started. */
export function prepare(
  engine: Engine,
  target: Target,
  refresh: Refresh,
  previous: Entry | undefined,
  background: boolean,
  sought?: Sought,
): Flight {
  const run = createRun(engine, false, () => void fly(engine, flight, refresh));
  const flight: Flight = addFlight(engine, target, run, previous, background, sought);
  return flight;
}

/** Registers a flight that `run` will serve. Its epochs are captured here, before the refresh starts. */
export function addFlight(
  engine: Engine,
  target: Target,
  run: RefreshRun,
  previous: Entry | undefined,
  background: boolean,
  sought?: Sought,
): Flight {
  const flight = new Flight(
    engine.flights.nextNumber(),
    target,
    run,
    previous,
    background,
    stampNow(engine, target.settings),
    new ResultNotes(target.settings, engine.epochs),
    sought,
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
    flight.land({ kind: "failed", error, isGivenUp: false }, "aborted");
  }
}

async function fly(engine: Engine, flight: Flight, refresh: Refresh): Promise<void> {
  const { run, target, notes } = flight;
  try {
    limitTime(engine, run, target.settings.hardTimeoutMs);
    // Without a shared tier nothing is waited for: the refresh has been called when `get` returns.
    if (engine.shared !== undefined && !(await isOurs(engine, flight))) return;
    departed(engine, run.flights);
    const begunAt = engine.clock.now();
    const value = await refresh(new Context(target, run, staleOf(engine, flight), notes));
    const durationMs = measured(engine, begunAt);
    const arriving = arrive(engine, flight, value, await refusalOf(engine, value, notes), durationMs);
    if (arriving !== undefined) await arriving;
  } catch (error) {
    crash(engine, flight, error);
  }
}

/** How long a refresh has taken that began at an instant and has resolved now. */
export function measured({ clock, counters }: Engine, begunAt: Instant): Milliseconds {
  const durationMs = clock.now() - begunAt;
  counters.refreshTime.record(durationMs);
  return Math.round(durationMs);
}

/** Whether this process is to refresh the key. If another one has, or does, the flight lands with that. */
async function isOurs(engine: Engine, flight: Flight): Promise<boolean> {
  let claim = await claimFor(engine, flight);
  while (typeof claim === "function") claim = await claim();
  return claim;
}

/** Whether a flight's refresh is to be called here; or how to wait for the process that is at it. */
export type Claim = boolean | (() => Promise<Claim>);

/** Finds out whether this process is to refresh a flight's key. */
export async function claimFor(engine: Engine, flight: Flight): Promise<Claim> {
  const { shared } = engine;
  if (shared === undefined || flight.isAlone || flight.target.settings.shared?.use !== true) return true;
  return settleClaim(engine, flight, await engage(engine, shared, flight));
}

function settleClaim(engine: Engine, flight: Flight, engaged: Engaged): Claim {
  if (flight.settled) {
    if (engaged.kind === "refresh") engaged.lease?.release();
    return false;
  }
  switch (engaged.kind) {
    case "refresh":
      flight.lease = engaged.lease;
      flight.isAlone = engaged.lease === undefined;
      return true;
    case "held":
      return async () => settleClaim(engine, flight, await engaged.wait());
    case "declined":
      engine.flights.remove(flight);
      flight.land({ kind: "declined" }, "declined");
      return false;
    case "served": {
      const { value, tags, version } = engaged.entry;
      engine.counters.servedByOthers++;
      engine.flights.remove(flight);
      flight.land({ kind: "landed", value, tags, isPassedOn: false, version }, "served");
      return false;
    }
    default:
      return assertNever(engaged);
  }
}

/** A refresh is about to be called for these flights. */
export function departed(
  { counters, observer }: Engine,
  flights: readonly Pick<Flight, "background" | "target">[],
): void {
  const background = flights.some((flight) => flight.background);
  if (background) counters.backgroundRefreshes++;
  else counters.foregroundRefreshes++;
  if (!observer.wants("refreshStart")) return;
  for (const { target } of flights) {
    const { key, settings } = target;
    observer.notify({ type: "refreshStart", key, namespace: settings.namespace, background });
  }
}

/** Nobody waits in the background, so that a refresh which hangs needs a limit: it would hold its place for ever. */
export function limitTime(engine: Engine, run: RefreshRun, hardTimeoutMs: Milliseconds): void {
  if (!run.flights.some((flight) => flight.background)) return;
  const limitMs = Math.min(hardTimeoutMs, engine.settings.refreshTimeoutMs);
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
): Promise<void> | undefined {
  if (flight.settled) return undefined;
  const filled = fill(engine, flight, value, refusal, durationMs);
  if (filled instanceof Promise) return filled.then((done) => touchDown(engine, flight, value, done, durationMs));
  touchDown(engine, flight, value, filled, durationMs);
  return undefined;
}

function touchDown(
  engine: Engine,
  flight: Flight,
  value: unknown,
  { tags, notStored, version }: Filled,
  durationMs: Milliseconds,
): void {
  giveLeaseBack(flight);
  if (flight.settled) return;
  engine.flights.remove(flight);
  const isPassedOn = notStored === "skipped" || notStored === "tier-skipped";
  flight.land({ kind: "landed", value, tags, isPassedOn, version }, notStored ?? "stored");
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
  end(engine, flight, { kind: "failed", error, isGivenUp }, failure?.retryAt, true);
}

/**
 * Gives a flight up: its result will not be stored, and its refresh is told, if nobody else needs it.
 * @param failed whether this is a failure of the refresh; that its callers have left is none
 */
export function abandon(engine: Engine, flight: Flight, reason: unknown, failed: boolean): void {
  if (flight.settled) return;
  if (failed) crash(engine, flight, reason);
  else end(engine, flight, { kind: "failed", error: reason, isGivenUp: false }, undefined, false);
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
  isFailure: boolean,
): void {
  giveLeaseBack(flight);
  flights.remove(flight);
  flight.land(landing, isFailure ? "failed" : "aborted");
  if (!observer.wants("refreshFail")) return;
  const { background, target } = flight;
  const { error } = landing;
  const about = { key: target.key, namespace: target.settings.namespace, background };
  observer.notify({ type: "refreshFail", ...about, error, retryAt });
}

/** Others may refresh now; those who wait for it need not wait until it has run out. */
function giveLeaseBack(flight: Flight): void {
  flight.lease?.release();
  flight.lease = undefined;
}

/** The error of a refresh that took too long. */
export function timedOut(key: string, limitMs: Milliseconds): CacheError {
  return new CacheError("timeout", `refresh of ${show(key)} must take less than ${limitMs} ms`, { key });
}
