// One call of a refresh function: when it starts, which flights it serves, and its abort signal.

import type { Instant } from "../model/duration.ts";
import type { Flight } from "./single-flight.ts";

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
