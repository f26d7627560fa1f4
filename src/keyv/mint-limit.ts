// How often an epoch may be made anew: a store that loses it each time would have its callers start over for ever.

import type { Instant, Milliseconds } from "../model/duration.ts";

/** More than so many within so long are no accident. */
const MAX_MINTS = 8;
const WITHIN_MS: Milliseconds = 1_000;

/** Below this number of keys nobody looks for those that are over. */
const SWEEP_FROM = 1_000;

/** Counts, for all caches of this process on one store, how often each epoch was made of late. */
export class MintLimit {
  readonly #byKey = new Map<string, { readonly since: Instant; count: number }>();
  #sweepAt = SWEEP_FROM;

  /** Notes that it is to be made once more. @throws Error when that has been often enough: the store counts as failing */
  note(key: string, now: Instant): void {
    const noted = this.#byKey.get(key);
    if (noted === undefined || now - noted.since >= WITHIN_MS) {
      this.#byKey.set(key, { since: now, count: 1 });
      if (this.#byKey.size >= this.#sweepAt) this.#sweep(now);
      return;
    }
    if (++noted.count <= MAX_MINTS) return;
    throw new Error(`the store must keep what it is given, and has lost ${key} ${MAX_MINTS} times within a second`);
  }

  #sweep(now: Instant): void {
    for (const [key, { since }] of this.#byKey) if (now - since >= WITHIN_MS) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#byKey.size);
  }
}
