// Back-off: how long a key whose refresh failed is left alone, while there is an old value to serve.

import type { Clock } from "../contracts/clock.ts";
import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { backoffMs } from "../model/policy.ts";

/** The failures in a row of the refreshes that were to replace an entry. */
export interface Failure {
  readonly failures: number;
  readonly retryAt: Instant;
  /** What the last one threw. */
  readonly error: unknown;
}

/** Failures by the entry they did not replace: forgotten with the entry, however it goes. */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byEntry = new WeakMap<Entry, Failure>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Notes one more failure. */
  add(entry: Entry, error: unknown): Failure {
    const failures = (this.#byEntry.get(entry)?.failures ?? 0) + 1;
    const failure = { failures, retryAt: this.#clock.now() + backoffMs(failures, this.#random), error };
    this.#byEntry.set(entry, failure);
    return failure;
  }

  /** The last failure, if its back-off has not passed yet. */
  current(entry: Entry, now: Instant): Failure | undefined {
    const failure = this.#byEntry.get(entry);
    return failure !== undefined && now < failure.retryAt ? failure : undefined;
  }
}
