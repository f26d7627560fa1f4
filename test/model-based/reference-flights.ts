// The reference model's refreshes: one flight per key, the runs that serve them, and the queue of the background.

import { REFRESH_TIMEOUT, textOf, type Id, type Script } from "./command.ts";
import type { Dated, ReferenceEntry, ReferenceStore } from "./reference-store.ts";

/** What a flight came to, for those who ride it. */
export type Landing =
  | { readonly ok: true; readonly value: unknown; readonly tags: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** Whoever waits for a flight. A rider of several flights hears of each a moment later than the riders of one. */
export interface Rider {
  readonly isBatch: boolean;
  readonly hear: (landing: Landing) => void;
}

/** One refresh of one key. */
export interface ReferenceFlight extends Dated {
  readonly run: ReferenceRun;
  /** The entry it will replace, as the refresh is shown it. */
  previous: ReferenceEntry | undefined;
  readonly riders: Rider[];
  fenced: boolean;
  landing: Landing | undefined;
}

/** One call of a refresh function. */
export interface ReferenceRun {
  readonly background: boolean;
  readonly isBatch: boolean;
  /** Its word on lifetimes, of the call that asked for it. */
  readonly ttl: number | undefined;
  readonly script: Script;
  /** Index of the command that asked for it: only during that does it follow its script. */
  readonly bornIn: number;
  readonly flights: ReferenceFlight[];
  startedAt: number | undefined;
  /** When it is given up, in the background. */
  limitAt: number;
  /** Ids with the versions of the values it will bring; set when it starts. */
  label: string;
  versions: number[];
  namedTags: readonly string[];
  /** Whether the refresh function has been told how to end. */
  toldToEnd: boolean;
  /** Whether its signal has aborted. */
  aborted: boolean;
}

/** All refreshes of one cache. */
export class ReferenceFlights {
  /** Runs in the order of their starts. */
  readonly started: ReferenceRun[] = [];
  readonly #store: ReferenceStore;
  readonly #concurrency: number;
  readonly #byId = new Map<string, ReferenceFlight>();
  readonly #all: ReferenceFlight[] = [];
  #waiting: ReferenceRun[] = [];
  #active: ReferenceRun[] = [];
  readonly #versions = new Map<string, number>();

  constructor(store: ReferenceStore, concurrency: number) {
    this.#store = store;
    this.#concurrency = concurrency;
  }

  /** Flights that have not ended, fenced ones included. */
  get inFlight(): number {
    return this.#all.filter(({ landing }) => landing === undefined).length;
  }

  /** A new version of an id's value. */
  nextVersion(id: Id): number {
    const version = (this.#versions.get(textOf(id)) ?? 0) + 1;
    this.#versions.set(textOf(id), version);
    return version;
  }

  /** The flight that a caller of now joins: not one that was overtaken, nor one that seems to hang. */
  joinable(id: Id): ReferenceFlight | undefined {
    const flight = this.#byId.get(textOf(id));
    if (flight === undefined || flight.landing !== undefined) return undefined;
    const { startedAt } = flight.run;
    const isHung = startedAt !== undefined && this.#store.now - startedAt >= REFRESH_TIMEOUT;
    const tags = [...flight.tags, ...flight.run.namedTags];
    flight.fenced ||= isHung || this.#store.isOvertaken({ ...flight, tags });
    return flight.fenced ? undefined : flight;
  }

  add(run: ReferenceRun, id: Id, tags: readonly string[], previous: ReferenceEntry | undefined): ReferenceFlight {
    const dated = { id, tags, asOf: this.#store.time };
    const flight = { ...dated, run, previous, riders: [], fenced: false, landing: undefined };
    run.flights.push(flight);
    this.#byId.set(textOf(id), flight);
    this.#all.push(flight);
    return flight;
  }

  start(run: ReferenceRun): void {
    if (run.startedAt !== undefined) return;
    run.startedAt = this.#store.now;
    for (const flight of run.flights) {
      if (flight.previous !== undefined && this.#store.isEnded(flight.previous)) flight.previous = undefined;
    }
    if (run.background) run.limitAt = run.startedAt + REFRESH_TIMEOUT;
    run.versions = run.flights.map(({ id }) => this.nextVersion(id));
    run.label = run.flights.map(({ id }, index) => `${textOf(id)}#${run.versions[index]}`).join(",");
    this.started.push(run);
  }

  queue(run: ReferenceRun): void {
    this.#waiting.push(run);
  }

  /** Starts what has its turn. A run that somebody in the foreground has started takes no place. */
  pump(): void {
    this.#active = this.#active.filter(isRunning);
    while (this.#active.length < this.#concurrency && this.#waiting.length > 0) {
      const run = this.#waiting.shift() as ReferenceRun;
      if (run.startedAt !== undefined) continue;
      if (run.flights.every((flight) => flight.fenced || this.#store.isOvertaken(flight))) {
        for (const flight of run.flights) flight.landing = { ok: false, error: "closed" };
        continue;
      }
      this.start(run);
      this.#active.push(run);
    }
  }

  /** The background run that comes to its limit first, if any does by `end`. */
  nextTimeout(end: number): ReferenceRun | undefined {
    const limited = this.started.filter((run) => run.limitAt <= end && isRunning(run));
    return limited.toSorted((a, b) => a.limitAt - b.limitAt)[0];
  }

  /** Ends the flights of a run, and only then tells their riders. */
  end(run: ReferenceRun, landingOf: (flight: ReferenceFlight, index: number) => Landing): void {
    const open = run.flights.filter(({ landing }) => landing === undefined);
    run.flights.forEach((flight, index) => (flight.landing ??= landingOf(flight, index)));
    const riders = open.flatMap(({ riders: all, landing }) => all.map((rider) => ({ ...rider, landing })));
    for (const { hear, landing } of riders.toSorted((a, b) => Number(a.isBatch) - Number(b.isBatch))) {
      hear(landing as Landing);
    }
  }
}

function isRunning(run: ReferenceRun): boolean {
  return run.flights.some(({ landing }) => landing === undefined);
}
