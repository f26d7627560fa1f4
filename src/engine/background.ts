// The queue of background refreshes: so many at a time, so many waiting, and no more.

import pLimit, { type LimitFunction } from "p-limit";

/** Runs tasks under a limit. Foreground refreshes never pass through here: a limiter inside a limiter can deadlock. */
export class BackgroundQueue {
  readonly #limit: LimitFunction;
  readonly #maxWaiting: number;

  constructor(concurrency: number, maxWaiting: number) {
    this.#limit = pLimit(concurrency);
    this.#maxWaiting = maxWaiting;
  }

  /** Whether one more task would have to be refused. */
  get isFull(): boolean {
    const { activeCount, pendingCount, concurrency } = this.#limit;
    return activeCount + pendingCount >= concurrency + this.#maxWaiting;
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#limit.pendingCount;
  }

  /** Runs a task when its turn comes. The task sees to its own errors. */
  add(task: () => Promise<void>): void {
    void this.#limit(task);
  }
}
