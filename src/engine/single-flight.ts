// Single-flight: finds the running refresh of a key for those who come later, unless an invalidation has overtaken it.

import { CacheError, show } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { areTagsTouched, isTouched, type Epoch } from "../model/epoch.ts";
import type { EpochTable, EpochUser } from "./epochs.ts";
import type { Entry } from "../model/entry.ts";
import type { Target } from "./engine.ts";
import { Flight } from "./flight.ts";
import { PendingSets, type PendingSet } from "./pending-sets.ts";

/** An invalidation of a key that has been called and not been sent yet. */
interface Departure {
  readonly id: string;
  readonly number: number;
  readonly sent: Promise<void>;
}

/** Keys that a message about a cycle names. */
const MAX_SHOWN = 4;

/** The flights of one cache. */
export class Flights {
  readonly #epochs: EpochTable;
  readonly #clock: Clock;
  readonly #refreshTimeoutMs: Milliseconds;
  /** Those that may be joined, by id. */
  readonly #joinable = new Map<string, Flight>();
  /** Those that were fenced and have not settled yet. */
  readonly #fenced = new Set<Flight>();
  readonly #pendingSets = new PendingSets();
  /** Invalidations of keys that wait for sets before them. */
  readonly #departures = new Set<Departure>();
  /** Synchronous refreshes that are running, by id: each has asked for the next. */
  readonly #nested = new Map<string, PendingSet>();
  /** Which `set` a copy in memory is of, by number. */
  readonly #setNumbers = new WeakMap<Entry, number>();
  /** Copies in memory whose `set` is still on its way to the authority. */
  readonly #beingSet = new WeakSet<Entry>();
  #lastNumber = 0;
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

  /** A number for what begins now: whatever began earlier has a smaller one. */
  nextNumber(): number {
    return ++this.#lastNumber;
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
    if (flight.settled) return false;
    return !this.isOvertaken(flight) && !(tags !== undefined && areTagsTouched(tags, flight.asOf));
  }

  /** Notes that a copy in memory is what was set. */
  noteSet(entry: Entry, { number }: PendingSet, isOnItsWay: boolean): void {
    this.#setNumbers.set(entry, number);
    if (isOnItsWay) this.#beingSet.add(entry);
  }

  /** Whether a copy was set by a call later than `number`. */
  wasSetAfter(entry: Entry, number: number): boolean {
    return (this.#setNumbers.get(entry) ?? -Infinity) > number;
  }

  isBeingSet(entry: Entry): boolean {
    return this.#beingSet.has(entry);
  }

  /** The authority has had its say about a copy that was being set. */
  hasBeenSet(entry: Entry): void {
    this.#beingSet.delete(entry);
  }

  /** Registers a set until {@link endSet}. */
  beginSet(pending: PendingSet): void {
    this.#pendingSets.add(pending);
  }

  endSet(pending: PendingSet): void {
    this.#pendingSets.delete(pending);
  }

  /** Registers sets for as long as `work` takes. */
  async whileSetting<T>(sets: readonly PendingSet[], work: () => Promise<T>): Promise<T> {
    for (const pending of sets) this.#pendingSets.add(pending);
    try {
      return await work();
    } finally {
      for (const pending of sets) this.#pendingSets.delete(pending);
    }
  }

  /**
   * Registers a synchronous refresh for as long as it takes. Nobody can come and join it, and what it does itself may
   * overtake it like a `set`. @throws CacheError `cycle` when that of its key is running already
   */
  whileRefreshing<T>(begun: PendingSet, work: () => T): T {
    const { id } = begun.target;
    if (this.#nested.has(id)) throw this.#cycle(begun);
    this.#nested.set(id, begun);
    this.#pendingSets.add(begun);
    try {
      return work();
    } finally {
      this.#nested.delete(id);
      this.#pendingSets.delete(begun);
    }
  }

  /** Fences what is under way for a key: all flights, and the sets that were called before `number`. */
  fence(id: string, number: number = Infinity): void {
    const flight = this.#joinable.size === 0 ? undefined : this.#joinable.get(id);
    if (flight !== undefined) this.#fence(flight);
    for (let pending = this.#pendingSets.of(id); pending !== undefined; pending = pending.nextOfKey) {
      if (pending.number < number) pending.fenced = true;
    }
  }

  /**
   * What a call for a key has to wait for before it tells the authority: sets called before it that have not yet. So the
   * order of calls is the order of commands. `undefined`: nothing.
   */
  sentBefore(id: string, number: number): Promise<unknown> | undefined {
    let waits: Promise<void>[] | undefined;
    for (const departure of this.#departures) {
      if (departure.id === id && departure.number < number) (waits ??= []).push(departure.sent);
    }
    for (let pending = this.#pendingSets.of(id); pending !== undefined; pending = pending.nextOfKey) {
      if (pending.number >= number) continue;
      const wait = pending.whenSent();
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits && Promise.all(waits);
  }

  /**
   * Sends an invalidation of a key once what was called for it before has been sent; what is called later waits for this.
   * @param send must have sent it when it returns
   */
  sendInTurn<T>(id: string, number: number, send: () => Promise<T>): Promise<T> {
    const earlier = this.sentBefore(id, number);
    if (earlier === undefined) return send();
    let isSent!: () => void;
    const sent = new Promise<void>((resolve) => {
      isSent = resolve;
    });
    const departure: Departure = { id, number, sent };
    this.#departures.add(departure);
    return earlier.then(() => {
      try {
        return send();
      } finally {
        this.#departures.delete(departure);
        isSent();
      }
    });
  }

  /** Fences what an epoch's change has overtaken: others need not wait for it. */
  fenceOvertaken(): void {
    for (const flight of this.#joinable.values()) if (this.isOvertaken(flight)) this.#fence(flight);
  }

  /** An invalidation of an epoch has been called: the sets that were called before have to know. */
  endSets(epoch: Epoch, soft: boolean): void {
    for (const pending of this.#pendingSets) {
      const isOf = epoch.kind === "root" || pending.namespaceEpoch === epoch || pending.tags?.includes(epoch) === true;
      if (isOf && pending.endedBy !== "hard") pending.endedBy = soft ? "soft" : "hard";
    }
  }

  /** The targets of sets under way that a predicate picks. */
  settingWhere(matches: (begun: PendingSet) => boolean): readonly Target[] {
    return [...this.#pendingSets].filter((pending) => matches(pending)).map(({ target }) => target);
  }

  /** Fences one flight, so that another may be made. */
  giveWay(flight: Flight): void {
    if (this.#joinable.get(flight.target.id) === flight) this.#fence(flight);
  }

  /** Another process has stored a frame: what a flight here is about to put into memory may be older. */
  noteFilled(id: string, version: string): void {
    const flight = this.#joinable.get(id);
    if (flight !== undefined) flight.heardVersion = version;
  }

  /** The same when the key was set: all but the `set` of this version, and a flight that is to replace just that. */
  fenceOthers(id: string, version: string): void {
    const flight = this.#joinable.get(id);
    const isLater = flight?.previous?.version === version || flight?.foundVersion === version;
    if (flight !== undefined && !isLater) this.#fence(flight);
    let pending = this.#pendingSets.of(id);
    // Of a set of this process: what it has set since is younger than that.
    let own = Infinity;
    for (let one = pending; one !== undefined; one = one.nextOfKey) if (one.version === version) own = one.number;
    for (; pending !== undefined; pending = pending.nextOfKey) {
      if (pending.number > own) continue;
      if (pending.version !== version) pending.fenced = true;
    }
  }

  /** Fences what is under way and picked by a predicate. */
  fenceWhere(matches: (begun: Flight | PendingSet) => boolean): void {
    for (const flight of this.#joinable.values()) if (matches(flight)) this.#fence(flight);
    for (const pending of this.#pendingSets) if (matches(pending)) pending.fenced = true;
  }

  #cycle({ target: { id, key } }: PendingSet): CacheError {
    const running = [...this.#nested];
    const names = running.slice(running.findIndex(([other]) => other === id)).map(([, { target }]) => show(target.key));
    // Of a long way round, its beginning and its end.
    const way = names.length > MAX_SHOWN ? [...names.slice(0, MAX_SHOWN - 1), "…", names.at(-1)] : names;
    const message = `refresh of ${show(key)} must not ask for its own key, got ${[...way, show(key)].join(" > ")}`;
    return new CacheError("cycle", message, { key });
  }

  #fence(flight: Flight): void {
    flight.fenced = true;
    // Its result is not stored: whoever refreshes next need not wait.
    flight.lease?.release();
    flight.lease = undefined;
    this.#joinable.delete(flight.target.id);
    this.#fenced.add(flight);
  }

  #seemsHung({ run: { startedAt } }: Flight): boolean {
    return startedAt !== undefined && this.#clock.now() - startedAt >= this.#refreshTimeoutMs;
  }
}
