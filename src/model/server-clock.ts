// What a process knows of the authority's clock: bounds between which it runs, never a single answer.

import type { Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "./duration.ts";

/**
 * How fast two clocks may drift apart: 0.2 ms a second. Crystals keep to half of that; a clock that is being slewed may
 * exceed it by a little, which the next sample puts right.
 */
const DRIFT = 200e-6;

/** Knowledge older than this should be renewed. */
const OLD_MS: Milliseconds = 30_000;

/**
 * Bounds for the authority's clock, from replies that tell its time. What is not known is not guessed: before the first
 * sample the bounds are infinite, and every instant of the server may have come already.
 *
 * The bounds hold while neither clock is set and the process is not suspended; the first sample after that which
 * contradicts what is known replaces it. A step smaller than a round trip contradicts nothing, and is off by no more.
 */
export class ServerClock {
  readonly #clock: Clock;
  /** By our clock, the instant that the bounds are for. The further from it, the wider they are: at first, infinitely. */
  #at: Instant = -Infinity;
  /** Bounds of the server's clock minus ours at that instant. */
  #low: Milliseconds = 0;
  #high: Milliseconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there has been a sample since the beginning, or since `forget`. */
  get isKnown(): boolean {
    return this.#at !== -Infinity;
  }

  /** Whether what is known should be renewed: it is older than 30 s, or nothing. */
  get isOld(): boolean {
    return this.isOldAt(this.#clock.now());
  }

  /** The same at an instant of ours. */
  isOldAt(now: Instant): boolean {
    return now - this.#at > OLD_MS;
  }

  /**
   * Notes that the server's clock showed `serverAt` at some instant between `sentAt` and `receivedAt` of ours. Samples
   * narrow each other, so that one fast reply serves until drift has used it up. They may come in any order;
   * of two that contradict each other, the one received later counts.
   */
  sample(serverAt: Instant, sentAt: Instant, receivedAt: Instant): void {
    const at = Math.max(receivedAt, this.#at);
    const low = serverAt - receivedAt - DRIFT * (at - receivedAt);
    const high = serverAt - sentAt + DRIFT * (at - sentAt);
    // An instant that is no number must not become all that is known.
    if (!(low <= high)) return;
    const driftMs = DRIFT * (at - this.#at);
    const [olderLow, olderHigh] = [this.#low - driftMs, this.#high + driftMs];
    const isContradiction = low > olderHigh || high < olderLow;
    if (isContradiction && receivedAt < this.#at) return;
    this.#at = at;
    this.#low = isContradiction ? low : Math.max(low, olderLow);
    this.#high = isContradiction ? high : Math.min(high, olderHigh);
  }

  /** The latest that the server's clock can show now. `Infinity` while nothing is known. */
  latestNow(now: Instant = this.#clock.now()): Instant {
    return now + this.#high + DRIFT * (now - this.#at);
  }

  /** How far apart the bounds are. */
  widthMs(now: Instant = this.#clock.now()): Milliseconds {
    return this.#high - this.#low + 2 * DRIFT * Math.abs(now - this.#at);
  }

  /**
   * The earliest that the server's clock can have shown at an instant of ours, past or to come: what lies before this
   * had surely come there. `-Infinity` while nothing is known.
   */
  earliestAt(at: Instant): Instant {
    return at + this.#low - DRIFT * Math.abs(at - this.#at);
  }

  /**
   * Our instant for one of the server's: the earliest that it can be, so that freshness ends early rather than late.
   * `Infinity` stays `Infinity`; everything else is `-Infinity` while nothing is known.
   */
  toLocal(serverAt: Instant): Instant {
    if (serverAt === Infinity) return Infinity;
    if (!this.isKnown) return -Infinity;
    // t + offset(t) = serverAt, where offset(t) is at most #high + DRIFT × |t − #at|, solved for t.
    const awayMs = serverAt - this.#high - this.#at;
    return this.#at + awayMs / (awayMs > 0 ? 1 + DRIFT : 1 - DRIFT);
  }

  /** Starts anew: another server has taken over, whose clock is another. */
  forget(): void {
    this.#at = -Infinity;
  }
}
