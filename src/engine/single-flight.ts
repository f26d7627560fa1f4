// Single-flight: finds the running refresh of a key for those who come later, unless an invalidation has overtaken it.

import { CacheError } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { areTagsTouched, isTouched, type Epoch } from "../model/epoch.ts";
import type { EpochTable, EpochUser } from "./epochs.ts";
import { Flight, type PendingSet } from "./flight.ts";

/** The flights of one cache. */
export class Flights {
  readonly #epochs: EpochTable;
  readonly #clock: Clock;
  readonly #refreshTimeoutMs: Milliseconds;
  /** Those that may be joined, by id. */
  readonly #joinable = new Map<string, Flight>();
  /** Those that were fenced and have not settled yet. */
  readonly #fenced = new Set<Flight>();
  readonly #pendingSets = new Set<PendingSet>();
  #isClosed = false;

  constructor(epochs: EpochTable, clock: Clock, refreshTimeoutMs: Milliseconds) {
    this.#epochs = epochs;
    this.#clock = clock;
    this.#refreshTimeoutMs = refreshTimeoutMs;
  }

  /** How many have not settled. */
  get size(): number {
    return this.#joinable.size + this.#fenced.size;
  }

  /** All that have not settled. */
  *running(): Generator<Flight, void, undefined> {
    yield* this.#joinable.values();
    yield* this.#fenced;
  }

  /** Everything under way that refers to epochs. */
  *epochUsers(): Generator<EpochUser, void, undefined> {
    for (const flight of this.running()) {
      yield flight;
      yield { namespaceEpoch: flight.namespaceEpoch, tags: flight.notes.tags };
    }
    yield* this.#pendingSets;
  }

  /** Refuses flights from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** @throws CacheError `closed` */
  add(flight: Flight): void {
    if (this.#isClosed) throw new CacheError("closed", "the cache was closed before this refresh began");
    this.#joinable.set(flight.target.id, flight);
  }

  /** Takes a flight out when it settles. */
  remove(flight: Flight): void {
    if (flight.fenced) this.#fenced.delete(flight);
    else this.#joinable.delete(flight.target.id);
  }

  /**
   * The flight of a key that a caller of now may join. One that an invalidation has overtaken is fenced instead, and
   * so is one that seems to hang: the next caller tries anew rather than hang with it.
   */
  joinable(id: string): Flight | undefined {
    const flight = this.#joinable.get(id);
    if (flight === undefined || !(this.isOvertaken(flight) || this.#seemsHung(flight))) return flight;
    this.#fence(flight);
    return undefined;
  }

  /** Whether an invalidation came since it began that covers what is known of it. */
  isOvertaken(begun: Flight | PendingSet): boolean {
    const named = begun instanceof Flight ? begun.notes.tags : undefined;
    const areNamedTouched = named !== undefined && areTagsTouched(named, begun.asOf);
    return begun.fenced || this.#epochs.clearedAt > begun.asOf || isTouched(begun) || areNamedTouched;
  }

  /** Whether a landing with these tags may be stored. */
  mayStore(flight: Flight, tags: readonly Epoch[] | undefined): boolean {
    return !this.isOvertaken(flight) && !(tags !== undefined && areTagsTouched(tags, flight.asOf));
  }

  /** Registers sets for as long as `work` takes. */
  async whileSetting(sets: readonly PendingSet[], work: () => Promise<void>): Promise<void> {
    for (const pending of sets) this.#pendingSets.add(pending);
    try {
      await work();
    } finally {
      for (const pending of sets) this.#pendingSets.delete(pending);
    }
  }

  /** Fences what is under way for a key. */
  fence(id: string): void {
    const flight = this.#joinable.get(id);
    if (flight !== undefined) this.#fence(flight);
    for (const pending of this.#pendingSets) if (pending.target.id === id) pending.fenced = true;
  }

  /** Fences what is under way and picked by a predicate. */
  fenceWhere(matches: (begun: Flight | PendingSet) => boolean): void {
    for (const flight of this.#joinable.values()) if (matches(flight)) this.#fence(flight);
    for (const pending of this.#pendingSets) if (matches(pending)) pending.fenced = true;
  }

  #fence(flight: Flight): void {
    flight.fenced = true;
    this.#joinable.delete(flight.target.id);
    this.#fenced.add(flight);
  }

  #seemsHung({ run: { startedAt } }: Flight): boolean {
    return startedAt !== undefined && this.#clock.now() - startedAt >= this.#refreshTimeoutMs;
  }
}
