// Back-off: how long a key whose refresh failed is left alone, while there is an old value to serve.

import type { Clock } from "../contracts/clock.ts";
import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { isTouched, type Tick } from "../model/epoch.ts";
import { backoffMs } from "../model/policy.ts";

/** The failures in a row of the refreshes that were to replace an entry. */
export interface Failure {
  readonly failures: number;
  readonly retryAt: Instant;
  /** What the last one threw. */
  readonly error: unknown;
  /** When the youngest of the refreshes that failed began. */
  readonly asOf: Tick;
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

  /** Notes one more failure, of a refresh that began at `asOf`. */
  add(entry: Entry, error: unknown, asOf: Tick): Failure {
    const last = this.#byEntry.get(entry);
    const failures = (last?.failures ?? 0) + 1;
    const failure = {
      failures,
      retryAt: this.#clock.now() + backoffMs(failures, this.#random),
      error,
      asOf: Math.max(asOf, last?.asOf ?? 0),
    };
    this.#byEntry.set(entry, failure);
    return failure;
  }

  /** The last failure, if its back-off has not passed yet. Who marks an entry stale asks for a try at once. */
  current(entry: Entry, now: Instant): Failure | undefined {
    const failure = this.#byEntry.get(entry);
    if (failure === undefined || now >= failure.retryAt) return undefined;
    const { namespaceEpoch, tags } = entry;
    return isTouched({ asOf: failure.asOf, namespaceEpoch, tags }) ? undefined : failure;
  }
}
