// A caller's way through a flight: finding a place in it, waiting, and making an answer of its end.

import { assertNever } from "../errors.ts";
import { isTooOld, stateOf } from "../model/entry.ts";
import { areTagsTouched } from "../model/epoch.ts";
import type { Engine, Target } from "./engine.ts";
import { findAny, reportServed, valueOf, type Found } from "./find.ts";
import type { Flight, Landing } from "./flight.ts";
import { UNAVAILABLE } from "./guard.ts";
import { askEpochs } from "./shared-epochs.ts";
import { traceWait } from "./traced-run.ts";
import { waitFor } from "./wait.ts";

/** A caller's place in a flight. */
export interface Place {
  readonly flight: Flight;
  /** The flight was running before this caller came, and an invalidation lay between. */
  readonly isDoubtful: boolean;
  /** The same, but nobody can know: messages of other processes may not have been heard. */
  readonly isUnheard: boolean;
  /** Somebody else has begun the flight. */
  readonly hasJoined: boolean;
}

/**
 * Finds the key's flight, or makes one. It may still have to be started.
 * @param arrival when the caller came, as a number of `flights.nextNumber()`
 */
export function board(engine: Engine, { id }: Target, arrival: number, make: () => Flight): Place {
  const { flights, epochs, counters } = engine;
  const running = flights.joinable(id);
  const isUnheard = running !== undefined && running.number < arrival && !isHeard(engine, running);
  // Its value has been sent to the authority: nothing that comes later could show that it is still good.
  const isTooLate = isUnheard && running.storedUnder !== undefined;
  if (running !== undefined && isTooLate) flights.giveWay(running);
  if (running === undefined || isTooLate) {
    return { flight: make(), isDoubtful: false, isUnheard: false, hasJoined: false };
  }
  counters.joined++;
  return { flight: running, isDoubtful: running.asOf < epochs.now, isUnheard, hasJoined: true };
}

/** Whether every invalidation since a flight began would have been heard. */
function isHeard({ shared }: Engine, { asOf }: Flight): boolean {
  return shared === undefined || (asOf >= shared.trust.since && shared.trust.isUp);
}

/** The value for a caller; `undefined` when it must read again. */
export type Answer = { readonly value: unknown } | undefined;

/** Waits for a flight, and makes of its end what this caller gets. @throws what the refresh threw */
export async function ride(engine: Engine, target: Target, place: Place): Promise<Answer> {
  const { flight, isDoubtful, isUnheard, hasJoined } = place;
  const waited = waitFor(engine, flight, target, () => lateStale(engine, target, place));
  const outcome = await (hasJoined ? traceWait(engine, target, flight, waited) : waited);
  switch (outcome.kind) {
    case "landed": {
      // A tag that the refresh named last may have been invalidated before this caller came.
      if (isDoubtful && outcome.tags !== undefined && areTagsTouched(outcome.tags, flight.asOf)) return undefined;
      if (isUnheard && !(await isStillGood(engine, flight, outcome))) return undefined;
      return { value: outcome.isPassedOn ? outcome.value : engine.memory.expose(outcome.value) };
    }
    case "declined":
      return undefined;
    case "failed":
      return rescue(engine, target, place, outcome);
    case "softTimeout":
      return outcome.answer;
    default:
      return assertNever(outcome);
  }
}

/**
 * Whether nothing was invalidated between the start of a flight and its end, though nobody would have told: the
 * authority has accepted its value, so the key was not; and the epochs read afterwards are those it was stored with.
 * Where there was no authority to ask, nobody knows better.
 */
async function isStillGood(
  engine: Engine,
  flight: Flight,
  { version }: Landing & { readonly kind: "landed" },
): Promise<boolean> {
  const { shared } = engine;
  const { storedUnder, isAlone } = flight;
  if (shared === undefined) return true;
  if (isAlone) return (flight.isConfirmed ??= shared.ping().then((latencyMs) => latencyMs === undefined));
  if (version === undefined || storedUnder === undefined) return false;
  flight.isConfirmed ??= askEpochs(engine, shared, [...storedUnder.keys()]).then(
    (told) =>
      told === UNAVAILABLE ||
      [...storedUnder.values()].every(
        ({ hard, soft }, index) => told[index]?.hard === hard && told[index]?.soft === soft,
      ),
  );
  return flight.isConfirmed;
}

/** The stale value, if there is one when `softTimeout` passes. */
function lateStale(engine: Engine, target: Target, place: Place): Answer {
  const found = oldOne(engine, target, place);
  return found === undefined || found.state === "rescue" ? undefined : giveLate(engine, target, found, undefined);
}

/** What there was before the flight, as far as it may still be used. */
function oldOne(engine: Engine, target: Target, { flight, isUnheard }: Place): Found | undefined {
  if (target.settings.forceRefresh) return undefined;
  const found = findAny(engine, target);
  const { previous, fenced, asOf } = flight;
  // Whoever came later cannot know whether it was invalidated before he came.
  if (found !== undefined || previous === undefined || engine.shared === undefined || isUnheard) return found;
  const { clock, epochs, shared } = engine;
  const now = clock.now();
  const state = fenced || epochs.clearedAt > asOf ? "expired" : stateOf(previous, now);
  if (state === "expired" || isTooOld(previous, now, target.settings.maxAgeMs)) return undefined;
  return { entry: previous, state, now, tier: shared.name };
}

/**
 * The old value, where its refresh has failed and it may still be used for that. Without one, who joined a refresh whose
 * time in the background was up reads again: that limit was not his.
 * @throws `error` where neither helps
 */
function rescue(
  engine: Engine,
  target: Target,
  place: Place,
  { error, isGivenUp }: Landing & { readonly kind: "failed" },
): Answer {
  const found = oldOne(engine, target, place);
  if (found !== undefined) return giveLate(engine, target, found, error);
  if (isGivenUp) return undefined;
  throw error;
}

function giveLate(engine: Engine, target: Target, found: Found, error: unknown): Answer {
  engine.counters.rescued++;
  reportServed(engine, target, found, error);
  return { value: valueOf(engine, found.entry) };
}
