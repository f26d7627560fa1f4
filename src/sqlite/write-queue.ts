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
  /** The full keys that it is about, or a word for something else. */
  readonly about: readonly string[];
  /** The same, to look for one of many; made when that is done first. */
  aboutSet?: ReadonlySet<string>;
  readonly work: Work<unknown>;
  /** The same in parts, for when it fails as a whole: each succeeds, or fails, for itself. */
  readonly apart: (() => readonly Work<unknown>[]) | undefined;
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
  /** Those that are about several things. */
  readonly #wide: Job[] = [];
  #idle: (() => void)[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  isAbout(about: string): boolean {
    return this.#about.has(about) || this.#wide.some((job) => keysOf(job).has(about));
  }

  add(job: Job): void {
    this.#jobs.push(job);
    const [about] = job.about;
    if (job.about.length === 1) this.#about.set(about as string, (this.#about.get(about as string) ?? 0) + 1);
    else this.#wide.push(job);
  }

  /** The first of them, about so many things at most: one, if that is about more. */
  first(atMost: number): readonly Job[] {
    let count = 0;
    const end = this.#jobs.findIndex(({ about }) => (count += about.length) > atMost);
    return end < 0 ? [...this.#jobs] : this.#jobs.slice(0, Math.max(end, 1));
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
    for (const job of jobs) {
      if (job.about.length === 1) this.#forget(job.about[0] as string);
      else this.#wide.splice(this.#wide.indexOf(job), 1);
    }
  }

  #forget(about: string): void {
    const left = (this.#about.get(about) ?? 0) - 1;
    if (left > 0) this.#about.set(about, left);
    else this.#about.delete(about);
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

function keysOf(job: Job): ReadonlySet<string> {
  return (job.aboutSet ??= new Set(job.about));
}

/** The work of a job on several things: together, with the outcome of all for each, or each apart. */
export function asOne<I, T>(
  items: readonly I[],
  work: (transaction: Transaction, items: readonly I[]) => T,
): { readonly together: Work<readonly T[]>; readonly apart: () => readonly Work<T>[] } {
  return {
    together(transaction) {
      const outcome = work(transaction, items);
      return items.map(() => outcome);
    },
    apart: () => items.map((item) => (transaction) => work(transaction, [item])),
  };
}
