// Single-flight: finds the running refresh of a key for those who come later, unless an invalidation has overtaken it.

import { CacheError } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { areTagsTouched, isTouched, type Epoch } from "../model/epoch.ts";
import type { EpochTable } from "./epochs.ts";
import type { Flight } from "./flight.ts";

/** The flights of one cache. */
export class Flights {
  readonly #epochs: EpochTable;
  readonly #clock: Clock;
  readonly #refreshTimeoutMs: Milliseconds;
  /** Those that may be joined, by id. */
  readonly #byId = new Map<string, Flight>();
  /** All that have not settled, fenced ones too. */
  readonly #running = new Set<Flight>();
  #isClosed = false;

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

  /** Refuses flights from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** @throws CacheError `closed` */
  add(flight: Flight): void {
    if (this.#isClosed) throw new CacheError("closed", "the cache was closed before this refresh began");
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
