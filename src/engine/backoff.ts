// Back-off: how long a key whose refresh failed is left alone, while there is an old value to serve.

import { forgetOldest } from "../model/bounded.ts";
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

/** Entries of a shared tier whose failures are remembered; beyond, the oldest are forgotten. */
const MAX_VERSIONS = 10_000;

/**
 * Failures by the entry they did not replace: forgotten with the entry, however it goes. One that comes from a shared
 * tier is another object each time it is read, but has a version.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byEntry = new WeakMap<Entry, Failure>();
  readonly #byVersion = new Map<string, Failure>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Notes one more failure, of a refresh that began at `asOf`. */
  add(entry: Entry, error: unknown, asOf: Tick): Failure {
    const last = this.last(entry);
    const failures = (last?.failures ?? 0) + 1;
    const failure = {
      failures,
      retryAt: this.#clock.now() + backoffMs(failures, this.#random),
      error,
      asOf: Math.max(asOf, last?.asOf ?? 0),
    };
    this.#note(entry, failure);
    return failure;
  }

  /** Forgets the failures: the next reader is to try at once. */
  forget(entry: Entry): void {
    this.#byEntry.delete(entry);
    if (entry.version !== undefined) this.#byVersion.delete(entry.version);
  }

  /** The last failure, if its back-off has not passed yet. Who marks an entry stale asks for a try at once. */
  current(entry: Entry, now: Instant): Failure | undefined {
    const failure = this.last(entry);
    if (failure === undefined || now >= failure.retryAt) return undefined;
    const { namespaceEpoch, tags } = entry;
    return isTouched({ asOf: failure.asOf, namespaceEpoch, tags }) ? undefined : failure;
  }

  /** Whether the last refresh that was to replace an entry has failed. */
  hasFailed(entry: Entry): boolean {
    return this.last(entry) !== undefined;
  }

  /** The last failure, though its back-off may have passed. */
  last(entry: Entry): Failure | undefined {
    return entry.version === undefined ? this.#byEntry.get(entry) : this.#byVersion.get(entry.version);
  }

  #note(entry: Entry, failure: Failure): void {
    if (entry.version === undefined) return void this.#byEntry.set(entry, failure);
    this.#byVersion.delete(entry.version);
    this.#byVersion.set(entry.version, failure);
    forgetOldest(this.#byVersion, MAX_VERSIONS);
  }
}
