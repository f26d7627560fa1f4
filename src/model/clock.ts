// The system's clock, and a cheaper reading of it for the memory fast path.

import { performance } from "node:perf_hooks";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "./duration.ts";

/** Longest delay of a Node timer; a longer one would fire at once. */
const MAX_TIMER_MS: Milliseconds = 2 ** 31 - 1;

/** Read once: it never changes, and reading it costs as much as the time itself. */
const ORIGIN: Instant = performance.timeOrigin;

/** The monotonic clock of the process, counted from the Unix epoch: setting the wall clock does not move it. */
export const systemClock: Clock = {
  now: () => ORIGIN + performance.now(),
  schedule(delayMs, task, keepAlive = false) {
    if (delayMs === Infinity) return () => undefined;
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: Milliseconds): void => {
      const stepMs = Math.min(remainingMs, MAX_TIMER_MS);
      timer = setTimeout(() => (stepMs < remainingMs ? arm(remainingMs - stepMs) : task()), stepMs);
      if (!keepAlive) timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/** A reading this close to an instant is not trusted, but made anew. */
const MARGIN_MS: Milliseconds = 10_000;
/** Instants this far away use up less of a reading, by the same measure. */
const FAR_MS: Milliseconds = 60_000;
const NEAR_USE = FAR_MS / MARGIN_MS;
/** A reading serves this long, and no more than so many far questions: a loop of awaited hits starves timers. */
const READING_MS: Milliseconds = 100;
const READING_USES = 96;

/**
 * Answers "is this instant still to come?" without reading the clock each time (a reading costs about half of a memory
 * hit). A reading is reused only for instants more than ten seconds away, 16 times, and for those a minute away 96 times.
 * So the answer is exact unless each of that many questions in a row took more than 0.6 s, in a loop that lets no timer run.
 */
export class CoarseClock {
  readonly #clock: Clock;
  /** Instants after this one are surely ahead, by the last reading; `Infinity` when it is used up. */
  #sureAfter: Instant = Infinity;
  #farAfter: Instant = Infinity;
  #uses = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `instant` lies in the future. */
  isAhead(instant: Instant): boolean {
    if (instant > this.#sureAfter) {
      this.#uses -= instant > this.#farAfter ? 1 : NEAR_USE;
      if (this.#uses <= 0) this.#sureAfter = Infinity;
      return true;
    }
    return instant > this.#read();
  }

  /** Stops its timer. */
  stop(): void {
    this.#cancel?.();
  }

  #read(): Instant {
    const now = this.#clock.now();
    this.#sureAfter = now + MARGIN_MS;
    this.#farAfter = now + FAR_MS;
    this.#uses = READING_USES;
    this.#cancel ??= this.#clock.schedule(READING_MS, () => {
      this.#sureAfter = Infinity;
      this.#cancel = undefined;
    });
    return now;
  }
}
