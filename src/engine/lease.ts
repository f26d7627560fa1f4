// Before a refresh: the lease that keeps other processes from the same, or what they have made of the key meanwhile.

import type { Acquired, SharedEpoch } from "../contracts/authority.ts";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { stateOf, type Entry } from "../model/entry.ts";
import { isEnded, type Epoch } from "../model/epoch.ts";
import type { Engine } from "./engine.ts";
import type { Flight } from "./flight.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { judge, stampRead, type ReadStamp } from "./judge.ts";
import { promote } from "./lookup.ts";
import { capture, type Captured } from "./shared-epochs.ts";
import { LEASE_MS, type SharedTier } from "./shared-tier.ts";
import type { Waiter } from "./waiters.ts";

/** What came of trying to be the one who refreshes a key. */
export type Engaged =
  /** This process refreshes: with a lease, or for itself alone where the authority is not there. */
  | { readonly kind: "refresh"; readonly lease: Lease | undefined }
  /** Another process has refreshed it. */
  | { readonly kind: "served"; readonly entry: Entry }
  /** Another process is refreshing it. `wait` for that, or for its end without a result. */
  | { readonly kind: "held"; readonly wait: () => Promise<Engaged> }
  /** Another process is refreshing it and nobody waits here, or an invalidation has come first. */
  | { readonly kind: "declined" };

const ALONE: Engaged = { kind: "refresh", lease: undefined };
const DECLINED: Engaged = { kind: "declined" };

/** How often the entry may change under one attempt. Then this process refreshes for itself. */
const MAX_CHANGES = 10;
/** Part of the holder's remaining time added by chance, so that those who wait do not all come back at once. */
const SPREAD = 0.1;

/** A lease this process holds, renewed until it ends. */
export class Lease {
  readonly captured: Captured;
  readonly #shared: SharedTier;
  readonly #clock: Clock;
  readonly #fullKey: string;
  readonly #token: string;
  readonly #isNeeded: () => boolean;
  #cancel: Cancel;

  /** @param isNeeded when it says no, the lease is given back */
  constructor(
    shared: SharedTier,
    clock: Clock,
    fullKey: string,
    token: string,
    captured: Captured,
    isNeeded: () => boolean,
  ) {
    this.captured = captured;
    this.#shared = shared;
    this.#clock = clock;
    this.#fullKey = fullKey;
    this.#token = token;
    this.#isNeeded = isNeeded;
    this.#cancel = this.#renewLater();
  }

  /** The token, for the last write under this lease: which ends it. */
  redeem(): string {
    this.#cancel();
    return this.#token;
  }

  /** Gives it back without a write. Not waited for: nobody here needs it any more. */
  release(): void {
    this.#cancel();
    void this.#shared.release(this.#fullKey, this.#token);
  }

  #renewLater(): Cancel {
    return this.#clock.schedule(LEASE_MS / 3, () => void this.#renew());
  }

  /** A lease that was lost is not asked for again: whoever has it now refreshes, and the fill here will be refused. */
  async #renew(): Promise<void> {
    if (!this.#isNeeded()) return this.release();
    this.#cancel = this.#renewLater();
    if ((await this.#shared.renew(this.#fullKey, this.#token)) === false) this.#cancel();
  }
}

/** Takes the lease for a flight, or finds out why that is not needed. */
export function engage(engine: Engine, shared: SharedTier, flight: Flight): Promise<Engaged> {
  return new Attempt(engine, shared, flight).try();
}

/** One attempt to get the lease of a flight's key. */
class Attempt {
  readonly #engine: Engine;
  readonly #shared: SharedTier;
  readonly #flight: Flight;
  readonly #fullKey: string;
  readonly #token: string;
  /** The version of the entry that the refresh would replace. */
  #version: string | undefined;
  #captured: Captured | undefined;
  /** As of when the question under way was sent. */
  #stamp: ReadStamp;
  #hasWaited = false;

  constructor(engine: Engine, shared: SharedTier, flight: Flight) {
    this.#engine = engine;
    this.#shared = shared;
    this.#flight = flight;
    this.#fullKey = shared.fullKey(flight.target);
    this.#token = shared.newToken();
    this.#stamp = stampRead(engine, flight.target);
    this.#version = flight.previous === undefined ? flight.foundVersion : flight.previous.version;
  }

  async try(): Promise<Engaged> {
    const { waiters } = this.#shared;
    const { id } = this.#flight.target;
    // Before the question: word that comes while it is under way must not be missed.
    const waiter = waiters.register(id);
    const engaged = await this.#ask(waiter).catch((error: unknown) => {
      waiters.unregister(id, waiter);
      throw error;
    });
    if (engaged.kind !== "held") waiters.unregister(id, waiter);
    return engaged;
  }

  /** Asks until there is an answer other than that the entry has changed. */
  async #ask(waiter: Waiter): Promise<Engaged> {
    for (let changes = 0; changes < MAX_CHANGES; changes++) {
      const pointless = this.#whyPointless();
      if (pointless !== undefined) return pointless;
      const reply = await this.#acquire();
      if (reply === UNAVAILABLE) return this.#alone();
      if (reply.kind === "granted") return this.#granted();
      if (reply.kind === "held") return this.#held(waiter, reply.remainingMs);
      const engaged = await this.#adopt(reply.frame);
      if (engaged !== undefined) return engaged;
    }
    return this.#alone();
  }

  /** The refresh goes ahead without a lease: nobody can say whether another process is at it. */
  #alone(): Engaged {
    this.#engine.counters.leasesUnavailable++;
    return ALONE;
  }

  #held(waiter: Waiter, remainingMs: Milliseconds): Engaged {
    const { waiters } = this.#shared;
    const { id } = this.#flight.target;
    if (!this.#hasWaited) this.#engine.counters.leasesDenied++;
    if (!this.#flight.isAwaited) {
      waiters.unregister(id, waiter);
      waiters.deny(id, remainingMs);
      return DECLINED;
    }
    const wait = async (): Promise<Engaged> => {
      this.#hasWaited = true;
      await waiter.sleep(remainingMs * (1 + SPREAD * this.#engine.random()));
      waiters.unregister(id, waiter);
      // Waiting for a refresh is no waiting for the tier.
      this.#flight.spentMs = 0;
      return this.try();
    };
    return { kind: "held", wait };
  }

  /** Its result would not be stored: an invalidation has come first, or what the authority says is not to be believed. */
  #whyPointless(): Engaged | undefined {
    const { flights } = this.#engine;
    const { recovery } = this.#shared;
    const { target, namespaceEpoch, tags, settled } = this.#flight;
    const epochs = [this.#engine.epochs.root, namespaceEpoch, ...(tags ?? [])];
    if (recovery.gates(target.id, epochs)) return this.#alone();
    // Whoever waits reads again, and shares one refresh that counts.
    return settled || flights.isOvertaken(this.#flight) ? DECLINED : undefined;
  }

  /** Asks for the lease and, the first time, for the epochs that the table does not know. */
  async #acquire(): Promise<Acquired | Unavailable> {
    const shared = this.#shared;
    this.#stamp = stampRead(this.#engine, this.#flight.target);
    this.#flight.heardVersion = undefined;
    const asking = shared.acquire(this.#fullKey, this.#token, this.#version);
    const capturing = this.#captured ?? capture(this.#engine, shared, this.#epochs());
    const syncing = shared.sync();
    const all = async (): Promise<{ acquired: Acquired | Unavailable; captured: Captured | Unavailable }> => {
      if (syncing !== undefined) await syncing;
      return { acquired: await asking, captured: await capturing };
    };
    const answers = await shared.within(this.#flight, all());
    const isKnown = answers !== UNAVAILABLE && answers.captured !== UNAVAILABLE && shared.time.isKnown;
    if (!isKnown || answers.acquired === UNAVAILABLE) {
      // What is granted too late would keep other processes waiting.
      void asking.then((late) => late !== UNAVAILABLE && late.kind === "granted" && this.#giveBack());
      return UNAVAILABLE;
    }
    this.#captured = answers.captured as Captured;
    return answers.acquired;
  }

  #giveBack(): void {
    void this.#shared.release(this.#fullKey, this.#token);
  }

  /** All that the refresh's result will surely belong to. */
  #epochs(): Epoch[] {
    const { namespaceEpoch, tags, previous } = this.#flight;
    const { root } = this.#engine.epochs;
    return [...new Set([root, namespaceEpoch, ...(tags ?? []), ...(previous?.tags ?? [])])];
  }

  #granted(): Engaged {
    const pointless = this.#whyPointless();
    if (pointless !== undefined) {
      this.#giveBack();
      return pointless;
    }
    const { clock, settings, flights, counters } = this.#engine;
    counters.leasesGranted++;
    const hungAt = clock.now() + settings.refreshTimeoutMs;
    const isNeeded = (): boolean => !this.#flight.settled && !flights.isOvertaken(this.#flight) && clock.now() < hungAt;
    const captured = this.#captured as Captured;
    return {
      kind: "refresh",
      lease: new Lease(this.#shared, clock, this.#fullKey, this.#token, captured, isNeeded),
    };
  }

  /**
   * The entry is not the one that was known. What came in its place is judged like any other read; the old one is no
   * longer anything to fall back on.
   */
  async #adopt(frame: Uint8Array | undefined): Promise<Engaged | undefined> {
    const engine = this.#engine;
    const flight = this.#flight;
    const { target } = flight;
    this.#dropPrevious();
    if (frame === undefined) {
      this.#version = undefined;
      return undefined;
    }
    const judging = judge(engine, this.#shared, target, frame, this.#stamp, NONE);
    const verdict = judging instanceof Promise ? await this.#shared.within(flight, judging) : judging;
    if (verdict === UNAVAILABLE || verdict.kind === "unavailable" || verdict.kind === "gated") {
      return this.#alone();
    }
    if (verdict.kind === "absent") {
      this.#version = verdict.version;
      return undefined;
    }
    const { entry } = verdict;
    this.#version = entry.version;
    const isSuperseded = flight.heardVersion !== undefined && flight.heardVersion !== entry.version;
    if (flight.settled || isSuperseded || engine.flights.isOvertaken(flight) || isEnded(entry)) return undefined;
    promote(engine, target, entry, this.#shared.name);
    const isWanted = !target.settings.forceRefresh || this.#hasWaited;
    if (isWanted && stateOf(entry, engine.clock.now()) === "fresh") return { kind: "served", entry };
    flight.previous = entry;
    return undefined;
  }

  /** The copy in memory goes too, if it is the same: the authority does not hold it any more. */
  #dropPrevious(): void {
    const { memory } = this.#engine;
    const { target, previous } = this.#flight;
    this.#flight.previous = undefined;
    if (previous !== undefined && memory.peek(target.id) === previous) memory.delete(target.id);
  }
}

const NONE: ReadonlyMap<Epoch, SharedEpoch> = new Map();
