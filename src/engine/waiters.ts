// Waiting for another process's refresh: woken by the bus, with a timer as the net.

import { forgetOldest } from "../model/bounded.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";

/** Longest sleep between two looks: a message that never comes costs no more than this. */
const MAX_SLEEP_MS: Milliseconds = 250;
/** Shortest: whatever the authority says of the time that is left, it is not asked without a pause. */
const MIN_SLEEP_MS: Milliseconds = 10;
/** Keys remembered as being refreshed elsewhere; beyond, the oldest are forgotten. */
const MAX_DENIED = 10_000;

/** One who waits for word of a key. What comes between two sleeps is not lost. */
export class Waiter {
  readonly #clock: Clock;
  #isCalled = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when there is word of the key, or had been since the last sleep; or after `atMostMs`. */
  async sleep(atMostMs: Milliseconds): Promise<void> {
    if (!this.#isCalled) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.schedule(sleepMs(atMostMs), resolve, true);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#isCalled = false;
  }

  call(): void {
    this.#isCalled = true;
    this.#wake?.();
  }
}

function sleepMs(atMostMs: Milliseconds): Milliseconds {
  return Math.max(MIN_SLEEP_MS, Math.min(atMostMs, MAX_SLEEP_MS));
}

/** All who wait, by id; and the keys for which nobody waits, because they are being refreshed elsewhere. */
export class Waiters {
  readonly #clock: Clock;
  readonly #deniedUntil = new Map<string, Instant>();
  readonly #byId = new Map<string, Set<Waiter>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be done before the question whose answer may make one wait: word that comes in between counts. */
  register(id: string): Waiter {
    const waiter = new Waiter(this.#clock);
    const others = this.#byId.get(id);
    if (others === undefined) this.#byId.set(id, new Set([waiter]));
    else others.add(waiter);
    return waiter;
  }

  unregister(id: string, waiter: Waiter): void {
    const waiters = this.#byId.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#byId.delete(id);
  }

  /** The lease of a key was denied to a background refresh: there is no use in asking again at once. */
  deny(id: string, remainingMs: Milliseconds): void {
    this.#deniedUntil.delete(id);
    this.#deniedUntil.set(id, this.#clock.now() + sleepMs(remainingMs));
    forgetOldest(this.#deniedUntil, MAX_DENIED);
  }

  /** Whether another process is refreshing a key, as far as was heard a moment ago. */
  isDenied(id: string): boolean {
    const until = this.#deniedUntil.get(id);
    if (until === undefined) return false;
    if (this.#clock.now() < until) return true;
    this.#deniedUntil.delete(id);
    return false;
  }

  /** There is word of a key. */
  call(id: string): void {
    this.#deniedUntil.delete(id);
    for (const waiter of this.#byId.get(id) ?? []) waiter.call();
  }
}
