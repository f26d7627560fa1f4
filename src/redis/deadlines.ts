// Gives up on answers that do not come in time, with one timer for all: a timer each costs more than its command.

import type { Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";

/** Looks per timeout: an answer is given up between seven eighths of the timeout and the whole. */
const STEPS = 8;

/** An answer that is waited for. */
export interface Waiting {
  readonly reject: (error: Error) => void;
  readonly since: number;
  previous: Waiting | undefined;
  next: Waiting | undefined;
  isOver: boolean;
}

/** All wait equally long, so they stand in a queue. Time spent with a blocked event loop hardly counts as waiting. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #stepMs: Milliseconds;
  readonly #giveUp: (reject: Waiting["reject"]) => void;
  #step = 0;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #isLooking = false;

  /** @param giveUp ends the wait of one whose time is up, by its `reject` */
  constructor(clock: Clock, timeoutMs: Milliseconds, giveUp: (reject: Waiting["reject"]) => void) {
    this.#clock = clock;
    this.#stepMs = timeoutMs / STEPS;
    this.#giveUp = giveUp;
  }

  /** Begins to wait. */
  add(reject: Waiting["reject"]): Waiting {
    const waiting: Waiting = { reject, since: this.#step, previous: this.#last, next: undefined, isOver: false };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    if (!this.#isLooking) this.#lookLater();
    return waiting;
  }

  /** Ends it: the answer has come. Too late perhaps, which changes nothing. */
  end(waiting: Waiting): void {
    if (waiting.isOver) return;
    waiting.isOver = true;
    const { previous, next } = waiting;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // One that has grown old must not keep all that came after it from being collected cheaply.
    waiting.previous = undefined;
    waiting.next = undefined;
  }

  readonly #look = (): void => {
    this.#step++;
    this.#isLooking = false;
    while (this.#first !== undefined && this.#first.since <= this.#step - STEPS) {
      const late = this.#first;
      this.end(late);
      this.#giveUp(late.reject);
    }
    if (this.#first !== undefined) this.#lookLater();
  };

  #lookLater(): void {
    this.#isLooking = true;
    this.#clock.schedule(this.#stepMs, this.#look, true);
  }
}
