// Sounds when a message is missing and does not come any more.

import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import { Sequences } from "./sequence.ts";

/** Messages may overtake each other on a cluster, and a refused script's number comes late: no longer than this. */
export const GAP_GRACE_MS: Milliseconds = 200;

/** Watches the numbers of messages. */
export class GapAlarm {
  readonly #clock: Clock;
  readonly #onGap: () => void;
  readonly #sequences = new Sequences();
  #cancel: Cancel | undefined;

  constructor(clock: Clock, onGap: () => void) {
    this.#clock = clock;
    this.#onGap = onGap;
  }

  /** As {@link Sequences.skip}: a number that does not count. */
  skip(publisher: string, number: number): void {
    this.#sequences.skip(publisher, number);
  }

  /** As {@link Sequences.note}: a number that counts. */
  note(publisher: string, number: number, isFollowUp: boolean, ageMs: Milliseconds, liveMs: Milliseconds): void {
    if (!this.#sequences.note(publisher, number, isFollowUp, ageMs, liveMs)) return;
    // Timers come before the network in a turn of the event loop: after a pause the message may lie there already.
    this.#cancel ??= this.#clock.schedule(GAP_GRACE_MS, () => setImmediate(this.#look));
  }

  /** How many are missing now. */
  get missing(): number {
    return this.#sequences.missing;
  }

  /** Forgets everything. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#sequences.clear();
  }

  readonly #look = (): void => {
    this.#cancel = undefined;
    if (this.#sequences.hasGap()) this.#onGap();
  };
}
