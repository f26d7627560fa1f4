// A flight: one refresh of one key; and the run it shares with the other keys of a batch.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SharedEpoch } from "../contracts/authority.ts";
import type { Entry } from "../model/entry.ts";
import type { Epoch, Stamped, Tick } from "../model/epoch.ts";
import type { Target } from "./engine.ts";
import type { Lease } from "./lease.ts";
import type { ResultNotes } from "./refresh-context.ts";
import type { FlightOutcome, RunSpan } from "./traced-run.ts";

/** What a flight came to. */
export type Landing =
  | {
      readonly kind: "landed";
      readonly value: unknown;
      /** All tags of the value, those named by the refresh included. */
      readonly tags: readonly Epoch[] | undefined;
      /** It was kept out of the cache on request: callers get it as it is, whatever `isolation` says. */
      readonly isPassedOn: boolean;
      /** The frame that the authority has accepted for it; `undefined` without one. */
      readonly version: string | undefined;
    }
  /**
   * Its refresh was not called: another process is refreshing the key and nobody had to wait, or an invalidation had
   * overtaken it before it began. Who has joined reads again.
   */
  | { readonly kind: "declined" }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /** Its time in the background was up. That limit is not one of the callers who have joined since. */
      readonly isGivenUp: boolean;
    };

/** How looking for a key in the shared tier went, without finding it. */
export interface Sought {
  readonly version: string | undefined;
  readonly spentMs: Milliseconds;
  /** Whether the authority has said so. */
  readonly isAnswered: boolean;
}

const NOT_SOUGHT: Sought = { version: undefined, spentMs: 0, isAnswered: true };

/** One refresh of one key. */
export class Flight implements Stamped {
  readonly target: Target;
  /** In the order in which flights and sets were begun, and callers came. */
  readonly number: number;
  /** May change while it waits for another process: then it no longer belongs to its batch. */
  run: RefreshRun;
  /** The entry it will replace. Dropped when the authority turns out to hold another one. */
  previous: Entry | undefined;
  /** Nobody waited for it when it was made, and it goes on without anybody. */
  readonly background: boolean;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  /** The tags of the call. */
  readonly tags: readonly Epoch[] | undefined;
  /** What its refresh has said so far. */
  readonly notes: ResultNotes;
  /** What the shared tier had for the key when this began, if that was of no use. */
  readonly foundVersion: string | undefined;
  /** Whether it goes on without the authority, which is not there. */
  isAlone: boolean;
  /** The generations under which its value was stored in the shared tier. */
  storedUnder: ReadonlyMap<Epoch, SharedEpoch> | undefined;
  /** Whether those are still the present ones; asked once, when somebody needs to know. */
  isConfirmed: Promise<boolean> | undefined;
  /** The frame that, by a message, another process has stored since the authority was asked last. */
  heardVersion: string | undefined;
  /** How long its callers have waited for the shared tier already. */
  spentMs: Milliseconds;
  /** What keeps other processes from refreshing the key meanwhile; `undefined` when this one refreshes for itself. */
  lease: Lease | undefined;
  /** Settles once, whatever becomes of the refresh, and never rejects: a failure is a kind of landing. */
  readonly landing: Promise<Landing>;
  /** An invalidation has overtaken it: its result is not stored, and nobody joins any more. */
  fenced = false;
  settled = false;
  #stayers: number;
  #resolve!: (landing: Landing) => void;

  constructor(
    number: number,
    target: Target,
    run: RefreshRun,
    previous: Entry | undefined,
    background: boolean,
    { asOf, namespaceEpoch, tags }: Stamped,
    notes: ResultNotes,
    { version, spentMs, isAnswered }: Sought = NOT_SOUGHT,
  ) {
    this.number = number;
    this.foundVersion = version;
    this.spentMs = spentMs;
    this.isAlone = !isAnswered;
    this.target = target;
    this.run = run;
    this.previous = previous;
    this.background = background;
    this.asOf = asOf;
    this.namespaceEpoch = namespaceEpoch;
    this.tags = tags;
    this.notes = notes;
    this.#stayers = background ? 1 : 0;
    this.landing = new Promise<Landing>((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Whether somebody waits for it, and not only the cache itself. */
  get isAwaited(): boolean {
    return !this.background || this.#stayers > 1;
  }

  /** How many wait for it. */
  get callers(): number {
    return this.background ? this.#stayers - 1 : this.#stayers;
  }

  /** A caller begins to wait. */
  join(): void {
    this.#stayers++;
  }

  /** A caller stops waiting. Answers whether it was the last. */
  leave(): boolean {
    return --this.#stayers === 0;
  }

  /** @param outcome the same in a word, for whoever traces */
  land(landing: Landing, outcome: FlightOutcome): void {
    this.settled = true;
    this.#resolve(landing);
    this.run.span?.landed(outcome, landing.kind === "failed" ? landing.error : undefined);
  }
}

/** A `set` under way, to its validation or to the authority: an invalidation or a later `set` may overtake it. */
export class PendingSet implements Stamped {
  readonly target: Target;
  readonly number: number;
  /** Of the frame that it sends to the authority. */
  version: string | undefined;
  /** The next older one of its key, while it is under way. */
  nextOfKey: PendingSet | undefined;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  /** Overtaken: memory does not get it. */
  fenced = false;
  /** This process has invalidated one of its epochs since it was called: it must not belong to what the epoch is after that. */
  endedBy: "hard" | "soft" | undefined;
  /** Whether it is on its way to the authority, and has not been sent yet. */
  #isLeaving = false;
  #hurry: (() => void) | undefined;
  #onSent: (() => void)[] | undefined;

  constructor(number: number, target: Target, { asOf, namespaceEpoch, tags }: Stamped) {
    this.number = number;
    this.target = target;
    this.asOf = asOf;
    this.namespaceEpoch = namespaceEpoch;
    this.tags = tags;
  }

  /** It has been accepted, and is to be sent. @param hurry sends it at once, where it only waits for others to go with it */
  leaves(hurry?: () => void): void {
    this.#isLeaving = true;
    this.#hurry = hurry;
  }

  /** The authority has been told, or will not be. */
  sent(): void {
    this.#isLeaving = false;
    this.#hurry = undefined;
    if (this.#onSent === undefined) return;
    for (const resolve of this.#onSent) resolve();
    this.#onSent = undefined;
  }

  /** Resolves when it has been sent; `undefined` when it is not about to be. Who asks is not to wait for others. */
  whenSent(): Promise<void> | undefined {
    this.#hurry?.();
    return this.#isLeaving ? new Promise((resolve) => (this.#onSent ??= []).push(resolve)) : undefined;
  }
}

/** A call of a caller's refresh: for one flight, or for all flights of a batch. */
export class RefreshRun {
  /** The flights it serves. */
  readonly flights: Flight[];
  /** When the refresh was called; `undefined` while it waits for its turn in the background. */
  startedAt: Instant | undefined;
  /** Where somebody traces. */
  span: RunSpan | undefined;
  readonly #begin: (run: RefreshRun) => void;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(begin: (run: RefreshRun) => void) {
    this.#begin = begin;
    this.flights = [];
  }

  /** Takes a flight out into a run of its own, begun already. */
  static apart(flight: Flight): RefreshRun {
    const { flights, startedAt } = flight.run;
    const apart = new RefreshRun(() => undefined);
    apart.startedAt = startedAt;
    apart.flights.push(flight);
    flights.splice(flights.indexOf(flight), 1);
    flight.run.span?.left();
    flight.run = apart;
    return apart;
  }

  /** Calls the refresh, unless that has been done: a foreground caller does not wait for a background one's turn. */
  start(now: Instant): void {
    if (this.startedAt !== undefined) return;
    this.startedAt = now;
    this.#begin(this);
  }

  /** Made when it is first asked for: most refreshes never look, and an AbortController costs more than the rest. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  /** Settles when all its flights have. */
  async landed(): Promise<void> {
    for (const { landing } of [...this.flights]) await landing;
  }
}
