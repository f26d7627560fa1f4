// Numbers the messages of this process, so that others notice when one is missing.

import { randomBytes } from "node:crypto";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { FORMAT } from "./message.ts";

/** Longest that a message goes without its number being said once more, and the wait for another try when that fails. */
const FOLLOW_UP_MS: Milliseconds = 250;

/**
 * One per process and cache. Numbers are given when a script is sent, and every script publishes whatever it decides,
 * so a number is missing when its message got lost, or when its script's fate is unknown: both are reasons to doubt. A
 * script that Redis refused to run has its number told by {@link skip}.
 */
export class Publisher {
  readonly id: string = randomBytes(9).toString("base64url");
  readonly #clock: Clock;
  readonly #send: (message: string) => Promise<unknown>;
  readonly #startedAt: Instant;
  #last = 0;
  #followedUp = 0;
  #cancel: Cancel | undefined;

  /** @param send publishes a text on the channel of the cache */
  constructor(clock: Clock, send: (message: string) => Promise<unknown>) {
    this.#clock = clock;
    this.#send = send;
    this.#startedAt = clock.now();
  }

  /** The number of the next message. */
  next(): number {
    this.#arm();
    return ++this.#last;
  }

  /** What a message of this number begins with; its body comes next. */
  head(number: number): string {
    const ageMs = Math.floor(this.#clock.now() - this.#startedAt);
    return `${FORMAT} ${this.id} ${number} ${ageMs} `;
  }

  /** Tells that there will be no message of this number, because what was to publish it did not run. */
  skip(number: number): void {
    this.#send(`${this.head(number)}s`).catch(() => undefined);
  }

  /** Ends the follow-ups. */
  close(): void {
    this.#cancel?.();
    this.#followedUp = Infinity;
  }

  /** Says the last number once more; while messages go on, again later. */
  #followUp(): void {
    const last = this.#last;
    const again = (): void => {
      if (this.#last > this.#followedUp) this.#arm();
    };
    this.#send(`${this.head(last)}h`).then(() => {
      this.#followedUp = Math.max(this.#followedUp, last);
      again();
    }, again);
  }

  #arm(): void {
    this.#cancel ??= this.#clock.schedule(FOLLOW_UP_MS, () => {
      this.#cancel = undefined;
      this.#followUp();
    });
  }
}
