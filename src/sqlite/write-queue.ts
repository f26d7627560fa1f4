// The writes that wait for their transaction, in the order in which they were asked for.

import type { Instant } from "../model/duration.ts";
import type { SqliteStore } from "./store.ts";

/** What a write works with, inside its transaction. */
export interface Transaction {
  readonly store: SqliteStore;
  /** By the authority's clock. */
  readonly now: Instant;
}

/** A write. It may be run more than once, of which only the last counts: it must change nothing but the store. */
export type Work<T> = (transaction: Transaction) => T;

/** One write, and whoever waits for it. */
export interface Job {
  /** The full key that it is about, or a word for something else. */
  readonly about: string;
  readonly work: Work<unknown>;
  readonly queuedAt: Instant;
  /** Of the connection that it is meant for. */
  readonly generation: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** They leave it when they have been settled, not when they are tried. */
export class WriteQueue {
  #jobs: Job[] = [];
  /** How many are about what. */
  readonly #about = new Map<string, number>();
  #idle: (() => void)[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  isAbout(about: string): boolean {
    return this.#about.has(about);
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#about.set(job.about, (this.#about.get(job.about) ?? 0) + 1);
  }

  /** The first of them, at most so many. */
  first(atMost: number): readonly Job[] {
    return this.#jobs.slice(0, atMost);
  }

  /** Those that have waited since then or longer. */
  queuedUntil(instant: Instant): readonly Job[] {
    return this.#jobs.filter(({ queuedAt }) => queuedAt <= instant);
  }

  remove(jobs: readonly Job[]): void {
    // Most often they are all that there are, or the first of them.
    if (jobs.length === this.#jobs.length) this.#jobs = [];
    else {
      const removed = new Set(jobs);
      this.#jobs = this.#jobs.filter((job) => !removed.has(job));
    }
    for (const { about } of jobs) {
      const left = (this.#about.get(about) ?? 0) - 1;
      if (left > 0) this.#about.set(about, left);
      else this.#about.delete(about);
    }
  }

  /** Resolves when there is none. */
  async empty(): Promise<void> {
    if (this.#jobs.length > 0) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  /** To be called when those that have been removed are settled. */
  tellIfEmpty(): void {
    if (this.#jobs.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
