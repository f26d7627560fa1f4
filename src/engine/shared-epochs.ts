// Generations as the authority knows them: what the epoch table remembers of them, and asking for the rest.

import type { SharedEpoch } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Epoch, KnownEpoch, Tick } from "../model/epoch.ts";
import { applyHere } from "./apply-here.ts";
import type { Engine } from "./engine.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import type { SharedTier, ToldEpoch } from "./shared-tier.ts";
import type { Trust } from "./trust.ts";

/** Longest that the stamps of two servers' or two scripts' clocks may be out of order. */
const CLEARLY_EARLIER_MS = 50;

/**
 * What the table knows of an epoch. It enters only from a reply, and counts only while the bus has been live without a
 * gap, and nothing about the epoch has changed, since before the question was asked. Messages carry doubt, not truth.
 */
export function knownEpoch({ known, changedAt }: Epoch, trust: Trust): KnownEpoch | undefined {
  if (known === undefined || known.asOf < changedAt || known.asOf < trust.since) return undefined;
  return trust.isUp ? known : undefined;
}

/**
 * Puts answers into the table. One that differs from the last tells of an invalidation before its message does: what
 * this process holds ends at once.
 * @param asOf the tick at which they were asked for
 */
export function learn(engine: Engine, epochs: readonly Epoch[], told: readonly SharedEpoch[], asOf: Tick): void {
  for (const [index, epoch] of epochs.entries()) {
    const { hard, soft } = told[index] as SharedEpoch;
    const { known } = epoch;
    if (known !== undefined && known.asOf > asOf) continue;
    epoch.known = { hard, soft, asOf, number: engine.flights.nextNumber() };
    // What has been noticed since the last answer explains the difference.
    if (known === undefined || known.asOf < epoch.changedAt) continue;
    const isHard = known.hard !== hard;
    if (isHard || known.soft !== soft) applyHere(engine, { kind: "epoch", epoch, soft: !isHard });
  }
}

/** Asks for epochs, whatever the table knows, and puts the answers there. */
export async function askEpochs(
  engine: Engine,
  shared: SharedTier,
  names: readonly Epoch[],
): Promise<readonly ToldEpoch[] | Unavailable> {
  if (names.length === 0) return [];
  const asOf = engine.epochs.now;
  const told = await shared.epochs(names);
  if (told !== UNAVAILABLE) learn(engine, names, told, asOf);
  return told;
}

/** The generations that what a flight or a `set` stores belongs to: read before its refresh was called. */
export class Captured {
  readonly byEpoch: ReadonlyMap<Epoch, SharedEpoch>;
  /** When the refresh may have been called first. */
  readonly at: Instant;
  /** What happened before has a smaller number. */
  readonly number: number;

  constructor(byEpoch: ReadonlyMap<Epoch, SharedEpoch>, at: Instant, number: number) {
    this.byEpoch = byEpoch;
    this.at = at;
    this.number = number;
  }
}

/** What the table knows of epochs, for who has made sure that it knows all of them. */
export const KNOWN: Pick<ReadonlyMap<Epoch, SharedEpoch>, "get"> = { get: ({ known }) => known };

/** Captures epochs now: from the table, or from the authority. */
export async function capture(
  engine: Engine,
  shared: SharedTier,
  names: readonly Epoch[],
): Promise<Captured | Unavailable> {
  const number = engine.flights.nextNumber();
  const byEpoch = new Map<Epoch, SharedEpoch>();
  const unknown: Epoch[] = [];
  for (const epoch of names) {
    const known = knownEpoch(epoch, shared.trust);
    if (known === undefined) unknown.push(epoch);
    else byEpoch.set(epoch, known);
  }
  if (unknown.length > 0) {
    const told = await askEpochs(engine, shared, unknown);
    if (told === UNAVAILABLE) return UNAVAILABLE;
    for (const [index, epoch] of unknown.entries()) byEpoch.set(epoch, told[index] as SharedEpoch);
  }
  return new Captured(byEpoch, engine.clock.now(), number);
}

/**
 * The generations of all of `names`. One that was not captured was named by the refresh itself: it counts if the table
 * had it before the refresh began, or if the authority made it clearly earlier. Otherwise nobody can tell whether it
 * was invalidated while the refresh ran.
 */
export async function vouchFor(
  engine: Engine,
  shared: SharedTier,
  captured: Captured,
  names: readonly Epoch[],
): Promise<ReadonlyMap<Epoch, SharedEpoch> | undefined> {
  const vouched = new Map<Epoch, SharedEpoch>();
  const late: Epoch[] = [];
  for (const epoch of names) {
    const known = captured.byEpoch.get(epoch) ?? knownBefore(epoch, shared.trust, captured.number);
    if (known === undefined) late.push(epoch);
    else vouched.set(epoch, known);
  }
  if (late.length === 0) return vouched;
  const told = await askEpochs(engine, shared, late);
  if (told === UNAVAILABLE || !shared.time.isKnown) return undefined;
  const begunAt = shared.time.earliestAt(captured.at);
  for (const [index, epoch] of late.entries()) {
    const { hard, soft, since } = told[index] as ToldEpoch;
    if (since > begunAt - CLEARLY_EARLIER_MS) return undefined;
    vouched.set(epoch, { hard, soft });
  }
  return vouched;
}

function knownBefore(epoch: Epoch, trust: Trust, number: number): SharedEpoch | undefined {
  const known = knownEpoch(epoch, trust);
  return known !== undefined && known.number < number ? known : undefined;
}
