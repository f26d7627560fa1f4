// The clock of the authority, by which writes have their deadlines: those that wait until it is known keep their place.

import type { Clock } from "../contracts/clock.ts";
import type { Instant } from "../model/duration.ts";
import type { ServerClock } from "../model/server-clock.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import type { Trust } from "./trust.ts";

/**
 * A write that is called before the clock is known has to wait for it, and what is called after it must not overtake it:
 * a read would find what it is to end, and another write would be undone by it.
 */
export class WriteOrder {
  readonly #time: ServerClock;
  readonly #clock: Clock;
  readonly #trust: Trust;
  readonly #ask: () => Promise<Instant | Unavailable>;
  #syncing: Promise<void> | undefined;
  /** Until the clock is known, for which so many writes wait. */
  #held: Promise<void> | undefined;
  #holding = 0;

  /**
   * @param time what is known of the authority's clock
   * @param clock of this process
   * @param ask asks the authority what time it is
   */
  constructor(time: ServerClock, clock: Clock, trust: Trust, ask: () => Promise<Instant | Unavailable>) {
    this.#time = time;
    this.#clock = clock;
    this.#trust = trust;
    this.#ask = ask;
  }

  /** Whether writes wait. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /**
   * Makes sure that the clock is known, and renews old knowledge on the side. Resolves when it is known, or cannot be
   * read; `undefined` where it is known already.
   */
  sync(): Promise<void> | undefined {
    if (this.#time.isKnown && !this.#time.isOldAt(this.#trust.turnNow())) return undefined;
    this.#syncing ??= this.#sample().finally(() => (this.#syncing = undefined));
    return this.#time.isKnown ? undefined : this.#syncing;
  }

  /** What a write has to wait for: the clock, or the writes that were called before it; `undefined` for nothing. */
  ahead(): Promise<void> | undefined {
    return this.sync() ?? this.#held;
  }

  /** Sends a write after that. If the clock could not be read, there is nobody to write to. */
  hold<T>(ahead: Promise<void>, write: () => Promise<T | Unavailable>): Promise<T | Unavailable> {
    this.#held = ahead;
    this.#holding++;
    return ahead.then(() => {
      if (--this.#holding === 0) this.#held = undefined;
      return this.#time.isKnown ? write() : UNAVAILABLE;
    });
  }

  /** Asks once the writes that wait have been sent. If the clock could not be read, there is nobody to ask. */
  async behind<T>(ask: () => T | Promise<T>): Promise<T | Unavailable> {
    await this.#held;
    return this.#time.isKnown ? ask() : UNAVAILABLE;
  }

  async #sample(): Promise<void> {
    const sentAt = this.#clock.now();
    const serverAt = await this.#ask();
    if (serverAt !== UNAVAILABLE) this.#time.sample(serverAt, sentAt, this.#clock.now());
  }
}
