// A clock that stands still until a test moves it; timers that come due run in order, at their instants.

import type { Cancel, Clock } from "../../src/contracts/clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
  readonly keepAlive: boolean;
}

/** Time in the hands of a test. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, task: () => void, keepAlive = false): Cancel {
    if (delayMs === Infinity) return () => undefined;
    const timer: Timer = { dueAt: this.#now + delayMs, task, keepAlive };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that have not run: what a closed cache must not leave behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Of those, the ones that would keep the process alive. */
  get pendingKeepAlive(): number {
    return [...this.#timers].filter(({ keepAlive }) => keepAlive).length;
  }

  /** Moves time on, once what is going on in microtasks has had its turn. Every timer due by then runs, and what it sets going in microtasks gets its turn. */
  async advance(ms: number): Promise<void> {
    await drainMicrotasks();
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.task();
      await drainMicrotasks();
    }
    this.#now = end;
    await drainMicrotasks();
  }

  /** Moves time on and runs no timer, like an event loop that is blocked. */
  block(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= until);
    return due.toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }
}

/** Lets every promise reaction that is ready run, and those they make ready. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
