// Which entries have been used: kept for a while and written together, because a read must not cost a write.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SqliteStore } from "./store.ts";

/** How precise the order is in which entries are pushed out. */
const COARSE_MS: Milliseconds = 10_000;
/** Notes that are kept; more are dropped, which only makes the order coarser. */
const MAX_NOTES = 5_000;
/** Notes that are written within one transaction. */
const STEP = 100;

/** The notes of one process. */
export class Touches {
  readonly #isNeeded: boolean;
  readonly #notes = new Map<string, Instant>();

  /** @param isNeeded whether anything is ever pushed out */
  constructor(isNeeded: boolean) {
    this.#isNeeded = isNeeded;
  }

  get isEmpty(): boolean {
    return this.#notes.size === 0;
  }

  /** @param usedAt what the file says of it */
  note(key: string, usedAt: Instant, now: Instant): void {
    if (!this.#isNeeded || now - usedAt < COARSE_MS || this.#notes.size >= MAX_NOTES) return;
    this.#notes.set(key, now);
  }

  /** They are of one file. */
  forget(): void {
    this.#notes.clear();
  }

  /** Writes some of them, within a transaction. What fails is lost, which harms little. */
  write(store: SqliteStore): void {
    let left = STEP;
    for (const [key, usedAt] of this.#notes) {
      this.#notes.delete(key);
      store.entries.touch(key, usedAt);
      if (--left === 0) return;
    }
  }
}
