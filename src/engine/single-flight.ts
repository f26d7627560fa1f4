// Single-flight: one running refresh per key, the callers that wait for it, and the fence that overtakes it.

import type { Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { areTagsTouched, isTouched, type Epoch, type Stamped, type Tick } from "../model/epoch.ts";
import type { Entry } from "../model/entry.ts";
import type { EpochTable } from "./epochs.ts";
import type { RefreshRun } from "./refresh-run.ts";

/** What a flight came to. */
export interface Landing {
  readonly value: unknown;
  /** All tags of the value, those named by the refresh included. */
  readonly tags: readonly Epoch[] | undefined;
}

/** What a flight is told when it is made. */
export interface FlightPlan extends Stamped {
  readonly id: string;
  readonly key: string;
  readonly run: RefreshRun;
  /** The entry it will replace. */
  readonly previous: Entry | undefined;
  /** Nobody waits for it yet, and it goes on without anybody. */
  readonly background: boolean;
}

/** One refresh of one key. Its promise settles once, whatever happens to the refresh. */
export class Flight implements Stamped {
  readonly id: string;
  readonly key: string;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  readonly run: RefreshRun;
  readonly previous: Entry | undefined;
  readonly background: boolean;
  readonly landing: Promise<Landing>;
  /** An invalidation has overtaken it: its result is not stored, and nobody joins any more. */
  fenced = false;
  settled = false;
  #stayers: number;
  #resolve!: (landing: Landing) => void;
  #reject!: (error: unknown) => void;

  constructor(plan: FlightPlan) {
    this.id = plan.id;
    this.key = plan.key;
    this.asOf = plan.asOf;
    this.namespaceEpoch = plan.namespaceEpoch;
    this.tags = plan.tags;
    this.run = plan.run;
    this.previous = plan.previous;
    this.background = plan.background;
    this.#stayers = plan.background ? 1 : 0;
    this.landing = new Promise<Landing>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A background flight may fail with nobody waiting; whoever waits sees the rejection all the same.
    this.landing.catch(() => undefined);
  }

  /** A caller begins to wait, or whoever must see the flight end takes hold of it. */
  join(): void {
    this.#stayers++;
  }

  /** A caller stops waiting. Answers whether it was the last. */
  leave(): boolean {
    return --this.#stayers === 0;
  }

  land(landing: Landing): void {
    this.settled = true;
    this.#resolve(landing);
  }

  fail(error: unknown): void {
    this.settled = true;
    this.#reject(error);
  }
}

/** The flights of one cache. */
export class Flights {
  readonly #epochs: EpochTable;
  readonly #clock: Clock;
  readonly #refreshTimeoutMs: Milliseconds;
  /** Those that may be joined, by id. */
  readonly #byId = new Map<string, Flight>();
  /** All that have not settled, fenced ones too. */
  readonly #running = new Set<Flight>();

  constructor(epochs: EpochTable, clock: Clock, refreshTimeoutMs: Milliseconds) {
    this.#epochs = epochs;
    this.#clock = clock;
    this.#refreshTimeoutMs = refreshTimeoutMs;
  }

  /** How many have not settled. */
  get size(): number {
    return this.#running.size;
  }

  running(): Iterable<Flight> {
    return this.#running;
  }

  add(flight: Flight): void {
    this.#byId.set(flight.id, flight);
    this.#running.add(flight);
  }

  /** Takes a flight out when it settles. */
  remove(flight: Flight): void {
    this.#running.delete(flight);
    if (this.#byId.get(flight.id) === flight) this.#byId.delete(flight.id);
  }

  /**
   * The flight of a key that a caller of now may join. One that an invalidation has overtaken is fenced instead, and
   * so is one that seems to hang: the next caller tries anew rather than hang with it.
   */
  joinable(id: string): Flight | undefined {
    const flight = this.#byId.get(id);
    if (flight === undefined || !(this.isOvertaken(flight) || this.#seemsHung(flight))) return flight;
    this.fence(id);
    return undefined;
  }

  /** Whether an invalidation came since the flight began that covers what is known of it. */
  isOvertaken(flight: Flight): boolean {
    return flight.fenced || this.#epochs.clearedAt > flight.asOf || isTouched(flight);
  }

  /** Whether a landing may be stored: the tags count, too, that its refresh named last. */
  mayStore(flight: Flight, tags: readonly Epoch[] | undefined): boolean {
    return !this.isOvertaken(flight) && !(tags !== undefined && areTagsTouched(tags, flight.asOf));
  }

  /** Fences the flight of a key. */
  fence(id: string): void {
    const flight = this.#byId.get(id);
    if (flight === undefined) return;
    flight.fenced = true;
    this.#byId.delete(id);
  }

  #seemsHung({ run: { startedAt } }: Flight): boolean {
    return startedAt !== undefined && this.#clock.now() - startedAt >= this.#refreshTimeoutMs;
  }

  /** Fences the flights that a predicate picks. */
  fenceWhere(matches: (flight: Flight) => boolean): void {
    for (const flight of this.#byId.values()) if (matches(flight)) this.fence(flight.id);
  }
}
