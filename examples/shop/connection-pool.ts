// A bounded pool of pretended database connections: who finds none free waits in line.
import { setTimeout as delay } from "node:timers/promises";
import { between, type Random } from "./random.ts";

export interface PoolOptions {
  readonly connections: number;
  /** Shortest and longest time that a query takes, network and a busy database together. */
  readonly queryMs: readonly [shortest: number, longest: number];
  readonly random: Random;
}

/**
 * SQLite answers within microseconds and in this process. A shop's database is elsewhere and busy,
 * so each query spends half of an invented delay on the way there and half on the way back. What it
 * read can be out of date on arrival: the moment at which careless caches put old values back.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #line: (() => void)[] = [];
  #free: number;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#free = options.connections;
  }

  async run<T>(query: () => T): Promise<T> {
    await this.#acquire();
    try {
      const [shortest, longest] = this.#options.queryMs;
      const halfMs = between(this.#options.random, shortest, longest) / 2;
      await delay(halfMs);
      const result = query();
      await delay(halfMs);
      return result;
    } finally {
      this.#release();
    }
  }

  #acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#line.push(resolve));
  }

  /** Hands the connection to the first in line; it becomes free only when nobody waits. */
  #release(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#free += 1;
  }
}
