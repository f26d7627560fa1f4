// A flight: one refresh of one key; and the run it shares with the other keys of a batch.

import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Epoch, Stamped, Tick } from "../model/epoch.ts";

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

/** A call of a caller's refresh: for one flight, or for all flights of a batch. */
export class RefreshRun {
  /** The flights it serves. */
  readonly flights: Flight[] = [];
  /** When the refresh was called; `undefined` while it waits for its turn in the background. */
  startedAt: Instant | undefined;
  readonly #begin: (run: RefreshRun) => void;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(begin: (run: RefreshRun) => void) {
    this.#begin = begin;
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
}
