// A flight: one refresh of one key; and the run it shares with the other keys of a batch.

import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Epoch, Stamped, Tick } from "../model/epoch.ts";
import type { Target } from "./engine.ts";
import type { ResultNotes } from "./refresh-context.ts";

/** What a flight came to. */
export type Landing =
  | {
      readonly kind: "landed";
      readonly value: unknown;
      /** All tags of the value, those named by the refresh included. */
      readonly tags: readonly Epoch[] | undefined;
      /** It was kept out of the cache on request: callers get it as it is, whatever `isolation` says. */
      readonly isPassedOn: boolean;
    }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /** Its time in the background was up. That limit is not one of the callers who have joined since. */
      readonly isGivenUp: boolean;
    };

/** One refresh of one key. */
export class Flight implements Stamped {
  readonly target: Target;
  readonly run: RefreshRun;
  /** The entry it will replace. */
  readonly previous: Entry | undefined;
  /** Nobody waited for it when it was made, and it goes on without anybody. */
  readonly background: boolean;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  /** The tags of the call. */
  readonly tags: readonly Epoch[] | undefined;
  /** What its refresh has said so far. */
  readonly notes: ResultNotes;
  /** Settles once, whatever becomes of the refresh, and never rejects: a failure is a kind of landing. */
  readonly landing: Promise<Landing>;
  /** An invalidation has overtaken it: its result is not stored, and nobody joins any more. */
  fenced = false;
  settled = false;
  #stayers: number;
  #resolve!: (landing: Landing) => void;

  constructor(
    target: Target,
    run: RefreshRun,
    previous: Entry | undefined,
    background: boolean,
    { asOf, namespaceEpoch, tags }: Stamped,
    notes: ResultNotes,
  ) {
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

  /** A caller begins to wait. */
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
}

/** A `set` whose value is still being validated: an invalidation or a later `set` may overtake it like a flight. */
export class PendingSet implements Stamped {
  readonly target: Target;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  fenced = false;

  constructor(target: Target, { asOf, namespaceEpoch, tags }: Stamped) {
    this.target = target;
    this.asOf = asOf;
    this.namespaceEpoch = namespaceEpoch;
    this.tags = tags;
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

  /** Settles when all its flights have. */
  async landed(): Promise<void> {
    for (const { landing } of this.flights) await landing;
  }
}
