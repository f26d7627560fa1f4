// Reading many keys: like as many reads, but one refresh for all that is missing, and one for all that is stale.

import { badInput, show } from "../errors.ts";
import { isThenable } from "../model/check.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { BatchContext, BatchRefresh, BatchResult } from "../model/refresh.ts";
import type { Engine, Target } from "./engine.ts";
import type { Flight, RefreshRun } from "./flight.ts";
import { find, miss, serve, valueOf, type Sight } from "./find.ts";
import {
  addFlight,
  arrive,
  crash,
  departed,
  claimFor,
  limitTime,
  measured,
  refusalOf,
  runInBackground,
  staleOf,
  type Claim,
} from "./refresh.ts";
import { decide, isBeingRefreshed, lookEverywhere, refuseBackground } from "./read.ts";
import { board, ride, type Place } from "./ride.ts";
import { ContextOfMany, type ResultNotes } from "./refresh-context.ts";
import { beginApart, createRun } from "./traced-run.ts";

interface Wanted {
  readonly target: Target;
  readonly sight: Sight;
}

/**
 * Values by id. Every key has a flight of its own, so that single reads join it and invalidations fence it alone.
 * @param targets one per key, all with the same settings
 * @throws what the refresh threw, where a key has no old value to fall back on
 */
export async function readMany(
  engine: Engine,
  targets: readonly Target[],
  refresh: BatchRefresh,
): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  targets[0]?.settings.signal?.throwIfAborted();
  const arrival = engine.flights.nextNumber();
  let open: Target[] = [...targets];
  for (let isFirst = true; open.length > 0; isFirst = false) {
    // All at once: what the shared tier is asked for goes out together.
    const sights =
      engine.shared === undefined ? undefined : await Promise.all(open.map((target) => lookEverywhere(engine, target)));
    const due = serveAtOnce(engine, open, sights, refresh, values);
    if (isFirst) for (const { target } of due) miss(engine, target);
    const places = boardAll(engine, due, refresh, arrival);
    const answers = await Promise.all(places.map((place, index) => ride(engine, due[index]!.target, place)));
    open = [];
    due.forEach(({ target }, index) => {
      const answer = answers[index];
      if (answer === undefined) open.push(target);
      else values.set(target.id, answer.value);
    });
  }
  return values;
}

/** Serves what needs no waiting, with one background refresh for all that is stale, and returns the rest. */
function serveAtOnce(
  engine: Engine,
  targets: readonly Target[],
  sights: readonly Sight[] | undefined,
  refresh: BatchRefresh,
  values: Map<string, unknown>,
): Wanted[] {
  const due: Wanted[] = [];
  const behind: Wanted[] = [];
  for (const [index, target] of targets.entries()) {
    const sight = sights?.[index] ?? { found: find(engine, target), sought: undefined };
    const { found } = sight;
    const plan = decide(engine, target, found);
    if (found === undefined || plan === "wait") {
      due.push({ target, sight });
      continue;
    }
    if (plan === "serveAndRefresh" && !isBeingRefreshed(engine, target)) behind.push({ target, sight });
    values.set(target.id, valueOf(engine, serve(engine, target, found)));
  }
  refreshBehind(engine, behind, refresh);
  return due;
}

function refreshBehind(engine: Engine, wanted: readonly Wanted[], refresh: BatchRefresh): void {
  const [first] = wanted;
  if (first === undefined || refuseBackground(engine, first.target)) return;
  const run = createBatch(engine, first.target, refresh);
  for (const { target, sight } of wanted) addFlight(engine, target, run, sight.found?.entry, true);
  runInBackground(engine, run);
}

/** A place for everybody, first; then everything starts, so that the batch knows all its keys. */
function boardAll(engine: Engine, due: readonly Wanted[], refresh: BatchRefresh, arrival: number): Place[] {
  const [first] = due;
  if (first === undefined) return [];
  const run = createBatch(engine, first.target, refresh);
  const places = due.map(({ target, sight: { found, sought } }) =>
    board(engine, target, arrival, () => addFlight(engine, target, run, found?.entry, false, sought)),
  );
  for (const { flight } of places) flight.run.start(engine.clock.now());
  return places;
}

function createBatch(engine: Engine, target: Target, refresh: BatchRefresh): RefreshRun {
  return createRun(engine, true, (run) => void flyBatch(engine, run, target, refresh));
}

async function flyBatch(engine: Engine, run: RefreshRun, { settings }: Target, refresh: BatchRefresh): Promise<void> {
  limitTime(engine, run, settings.hardTimeoutMs);
  // Without a shared tier nothing is waited for: the refresh has been called when `getMany` returns.
  if (engine.shared === undefined) return callBatchRefresh(engine, run, run.flights, refresh);
  const flights = [...run.flights];
  const ours = await Promise.all(flights.map((flight) => joinBatch(engine, flight, refresh)));
  await callBatchRefresh(
    engine,
    run,
    flights.filter((_flight, index) => ours[index]),
    refresh,
  );
}

/** Whether a flight takes part in the batch. One that has to wait for another process leaves it, for a run of its own. */
async function joinBatch(engine: Engine, flight: Flight, refresh: BatchRefresh): Promise<boolean> {
  try {
    const claim = await claimFor(engine, flight);
    if (typeof claim === "boolean") return claim;
    beginApart(engine, flight, (apart) => void flyApart(engine, apart, flight, claim, refresh));
  } catch (error) {
    crash(engine, flight, error);
  }
  return false;
}

async function flyApart(
  engine: Engine,
  apart: RefreshRun,
  flight: Flight,
  first: Claim,
  refresh: BatchRefresh,
): Promise<void> {
  limitTime(engine, apart, flight.target.settings.hardTimeoutMs);
  try {
    let claim = first;
    while (typeof claim === "function") claim = await claim();
    if (claim) await callBatchRefresh(engine, apart, [flight], refresh);
  } catch (error) {
    crash(engine, flight, error);
  }
}

async function callBatchRefresh(
  engine: Engine,
  run: RefreshRun,
  flights: readonly Flight[],
  refresh: BatchRefresh,
): Promise<void> {
  if (flights.length === 0) return;
  const keys = flights.map(({ target }) => target.key);
  try {
    departed(engine, flights);
    const begunAt = engine.clock.now();
    const result = await refresh([...keys], createBatchContext(engine, run, flights));
    const valueByKey = readResult(result, keys);
    const durationMs = measured(engine, begunAt);
    for (const flight of flights) void landOne(engine, flight, valueByKey(flight.target.key), durationMs);
  } catch (error) {
    for (const flight of flights) crash(engine, flight, error);
  }
}

/** One key's value may fail to be stored without harm to the others. */
async function landOne(engine: Engine, flight: Flight, value: unknown, durationMs: Milliseconds): Promise<void> {
  try {
    refusePromise(flight.target.key, value);
    await arrive(engine, flight, value, await refusalOf(engine, value, flight.notes), durationMs);
  } catch (error) {
    crash(engine, flight, error);
  }
}

/** A batch of promises is a forgotten `Promise.all`. One that rejects must not crash the process on top. */
function refusePromise(key: string, value: unknown): void {
  if (!isThenable(value)) return;
  value.then(undefined, () => undefined);
  throw badInput("invalid_value", `batch result for ${show(key)}`, "a value, not a promise of one: await them", value);
}

function createBatchContext(engine: Engine, run: RefreshRun, flights: readonly Flight[]): BatchContext {
  const stale = new Map<string, unknown>();
  for (const flight of flights) {
    const value = staleOf(engine, flight);
    if (value !== undefined) stale.set(flight.target.key, value);
  }
  const byKey = new Map(flights.map(({ target, notes }) => [target.key, notes]));
  const notesOf = (key: string): ResultNotes => {
    const notes = byKey.get(key);
    if (notes !== undefined) return notes;
    throw badInput("invalid_argument", "key", `one of the ${byKey.size} keys of this batch`, key);
  };
  return new ContextOfMany(flights[0]?.target.settings.namespace, stale, run, notesOf);
}

/** A look-up in whatever form the batch came back. @throws CacheError `invalid_value` for any other form */
export function readResult(result: BatchResult<unknown>, keys: readonly string[]): (key: string) => unknown {
  if (result instanceof Map) return (key) => result.get(key) as unknown;
  if (Array.isArray(result)) {
    if (result.length !== keys.length) {
      const rule = `as long as the list of keys (${keys.length}) where it is an array`;
      throw badInput("invalid_value", "result of the batch refresh", rule, result.length);
    }
    const byKey = new Map(keys.map((key, index) => [key, result[index] as unknown]));
    return (key) => byKey.get(key);
  }
  if (typeof result !== "object" || result === null) {
    throw badInput("invalid_value", "result of the batch refresh", "a Map, an object or an array", result);
  }
  return (key) => (Object.hasOwn(result, key) ? (result as Record<string, unknown>)[key] : undefined);
}
