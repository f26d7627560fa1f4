// Writes: what is asked for in one turn of the event loop becomes one transaction, tried again while another process writes.

import type { Cancel, Clock } from "../contracts/clock.ts";
import { CacheError } from "../errors.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { SqliteLink } from "./link.ts";
import type { LogRow } from "./log.ts";
import { CROSSED, Transactor, type Tried, type Upkeep } from "./transactor.ts";
import { asOne, WriteQueue, type Job, type Transaction, type Work } from "./write-queue.ts";

/** Things that one transaction writes: so many take the event loop a few milliseconds. */
const MAX_BATCH = 500;
/** Waits between tries, doubled each time; and the part of each that is left to chance. */
const MIN_WAIT_MS: Milliseconds = 1;
const MAX_WAIT_MS: Milliseconds = 16;
const SPREAD = 0.5;

/**
 * SQLite has one writer at a time. Who finds the lock taken tries again a moment later, by a timer: to wait inside
 * SQLite, as `busy_timeout` does, would stop the event loop.
 */
export class SqliteWriter {
  readonly #link: SqliteLink;
  readonly #clock: Clock;
  readonly #transactor: Transactor;
  readonly #queue = new WriteQueue();
  #isScheduled = false;
  #cancelRetry: Cancel | undefined;
  #waitMs: Milliseconds = MIN_WAIT_MS;

  /** @param onWritten called after each transaction, with what it has written to the log */
  constructor(link: SqliteLink, clock: Clock, upkeep: Upkeep, onWritten: (rows: readonly LogRow[]) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#transactor = new Transactor(link, upkeep, onWritten);
  }

  /** Whether a write about this is still to be done: what is read now would be read before it. */
  isAbout(about: string): boolean {
    return this.#queue.isAbout(about);
  }

  /**
   * Does a write in the next transaction. Writes are done in the order in which they are asked for.
   * @throws CacheError `unavailable`, `refused`, `closed`
   */
  write<T>(about: string, work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#add([about], work, undefined, resolve as Job["resolve"], reject);
      if (this.#cancelRetry === undefined) this.#flushSoon();
    });
  }

  /**
   * The same of several that are done alike, as one: they take one place in the queue. Answers what it came to for each,
   * or what that one alone has failed of.
   * @param abouts what each is about
   * @throws CacheError `unavailable`, `closed`
   */
  writeAll<I, T>(
    abouts: readonly string[],
    items: readonly I[],
    work: (transaction: Transaction, items: readonly I[]) => T,
  ): Promise<readonly (T | Error)[]> {
    const { together, apart } = asOne(items, work);
    return new Promise((resolve, reject) => {
      this.#add(abouts, together, apart, resolve as Job["resolve"], reject);
      if (this.#cancelRetry === undefined) this.#flushSoon();
    });
  }

  /**
   * Does a write now, and before it those that wait. Does not wait for a lock.
   * @throws CacheError `unavailable`, `refused`, `closed`
   */
  writeSync<T>(about: string, work: Work<T>): T {
    const outcome: { value?: T; error?: unknown; isOver: boolean } = { isOver: false };
    const job = this.#add(
      [about],
      work,
      undefined,
      (value) => Object.assign(outcome, { value, isOver: true }),
      (error) => Object.assign(outcome, { error, isOver: true }),
    );
    while (!outcome.isOver && this.#step());
    if (!outcome.isOver) {
      this.#queue.remove([job]);
      throw this.#locked();
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value as T;
  }

  /** Whether writes can be done. If the last one could not, the lock is tried; nothing is written. */
  probe(): boolean {
    return this.#transactor.probe();
  }

  /** Resolves when nothing waits to be written any more: each write takes the timeout at most. */
  settled(): Promise<void> {
    return this.#queue.empty();
  }

  /** Gives up what is left. */
  close(): void {
    this.#cancelRetry?.();
    const error = new CacheError("closed", `${this.#link.settings.name} has been closed`);
    const left = this.#queue.first(Infinity);
    this.#queue.remove(left);
    for (const job of left) job.reject(error);
    this.#queue.tellIfEmpty();
  }

  #add(
    about: Job["about"],
    work: Work<unknown>,
    apart: Job["apart"],
    resolve: Job["resolve"],
    reject: Job["reject"],
  ): Job {
    const { generation } = this.#link;
    const job: Job = { about, work, apart, queuedAt: this.#clock.now(), generation, resolve, reject };
    this.#queue.add(job);
    return job;
  }

  #flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#cancelRetry === undefined && this.#step() && this.#queue.size > 0) this.#flushSoon();
    });
  }

  /** One transaction. Answers whether another may follow at once. */
  #step(): boolean {
    const jobs = this.#queue.first(MAX_BATCH);
    if (jobs.length === 0) return false;
    const tried = this.#transactor.run(jobs);
    if (tried.kind === "busy") {
      this.#giveUpLate(tried.error);
      this.#retryLater();
      return false;
    }
    this.#waitMs = MIN_WAIT_MS;
    // Before anybody is told: what they do next is a write of its own.
    this.#queue.remove(jobs);
    this.#settle(jobs, tried);
    this.#queue.tellIfEmpty();
    return true;
  }

  #settle(jobs: readonly Job[], tried: Exclude<Tried, { readonly kind: "busy" }>): void {
    if (tried.kind === "done") {
      for (const [index, job] of jobs.entries()) {
        const result = tried.results[index];
        if (result === CROSSED) job.reject(this.#crossed());
        else job.resolve(result);
      }
    } else if (tried.kind === "broken") {
      for (const job of jobs) job.reject(tried.error);
    } else if (jobs.length === 1) {
      this.#settleFailed(jobs[0] as Job, tried.error);
    } else {
      // One of them is at fault: each for itself.
      for (const job of jobs) {
        const alone = this.#transactor.run([job]);
        this.#settle([job], alone.kind === "busy" ? { kind: "broken", error: this.#link.note(alone.error) } : alone);
      }
    }
  }

  /** Part by part, if it has some: each has its own outcome. */
  #settleFailed(job: Job, error: unknown): void {
    const parts = job.apart?.() ?? [];
    if (parts.length > 1) job.resolve(parts.map((work) => this.#doAlone({ ...job, work })));
    else if (parts.length === 1) job.resolve([this.#link.note(error)]);
    else job.reject(this.#link.note(error));
  }

  #doAlone(part: Job): unknown {
    const tried = this.#transactor.run([part]);
    if (tried.kind !== "done") return this.#link.note(tried.error);
    const [result] = tried.results;
    return result === CROSSED ? this.#crossed() : result;
  }

  #giveUpLate(cause: unknown): void {
    const since = this.#clock.now() - this.#link.settings.timeoutMs;
    const late = this.#queue.queuedUntil(since);
    if (late.length === 0) return;
    this.#transactor.isStuck = true;
    this.#queue.remove(late);
    for (const job of late) job.reject(this.#locked(cause));
    this.#queue.tellIfEmpty();
  }

  #retryLater(): void {
    if (this.#queue.size === 0) return;
    this.#cancelRetry?.();
    const waitMs = this.#waitMs * (1 - SPREAD * Math.random());
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_WAIT_MS);
    const again = (): void => {
      this.#cancelRetry = undefined;
      if (this.#step() && this.#queue.size > 0) this.#flushSoon();
    };
    this.#cancelRetry = this.#clock.schedule(waitMs, again, true);
  }

  #crossed(): CacheError {
    return this.#unavailable("changed its file before it could write");
  }

  #locked(cause?: unknown): CacheError {
    return this.#unavailable(`was locked by another process for ${this.#link.settings.timeoutMs} ms`, cause);
  }

  #unavailable(what: string, cause?: unknown): CacheError {
    const details = cause === undefined ? {} : { cause };
    return new CacheError("unavailable", `${this.#link.settings.name} ${what}`, details);
  }
}
