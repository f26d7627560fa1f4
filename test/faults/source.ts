// The source behind the caches: what is true, who has loaded it, and loads that wait until the test lets them go on.

import { waitUntil } from "../support/wait-until.ts";

/** One call of a refresh, in whatever process. */
export interface Load {
  readonly key: string;
  readonly by: string;
  /** What the source said when it was asked. */
  readonly value: string;
  /** Lets it go on, if it is held. */
  release(): void;
}

/** A source of values. */
export class Source {
  readonly loads: Load[] = [];
  readonly #values = new Map<string, string>();
  readonly #held = new Set<string>();

  /** Says what is true from now on. */
  put(key: string, value: string): void {
    this.#values.set(key, value);
  }

  /** From now on loads of this key wait. */
  hold(key: string): void {
    this.#held.add(key);
  }

  /** From now on they do not; those that wait do. */
  letPass(key: string): void {
    this.#held.delete(key);
  }

  /** Nothing waits any more. */
  letAllPass(): void {
    this.#held.clear();
    for (const { release } of this.loads) release();
  }

  /** What is true when it is asked, answered as soon as it may be. */
  load(key: string, by: string): Promise<string> {
    const value = this.#values.get(key) ?? `${key} by default`;
    return new Promise((resolve) => {
      const release = (): void => resolve(value);
      this.loads.push({ key, by, value, release });
      if (!this.#held.has(key)) release();
    });
  }

  /** The loads of a key so far. */
  of(key: string): readonly Load[] {
    return this.loads.filter((load) => load.key === key);
  }

  /** Waits for the nth load of a key, counted from one. */
  async nth(key: string, nth: number, deadlineMs = 8_000): Promise<Load> {
    return waitUntil(() => this.of(key)[nth - 1], { what: `${key} is loaded ${nth} times`, deadlineMs });
  }
}
