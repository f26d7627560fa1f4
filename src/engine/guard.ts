// The guarded way to a tier outside the process: asks the breaker first, turns every failure into one answer, and reports it.

import { CacheError } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Observer } from "../contracts/observer.ts";
import type { RemoteTierPlan } from "../contracts/remote.ts";
import { REFUSED, type Breaker } from "../model/breaker.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { TierCounters } from "../observe/counters.ts";
import type { Breakers } from "./breakers.ts";
import type { About, TierTrace } from "./traced-tier.ts";

/** The shared tier has not answered, or was not asked: for the caller it is not there. */
export const UNAVAILABLE: unique symbol = Symbol("unavailable");
export type Unavailable = typeof UNAVAILABLE;

/** What is asked of the shared tier, by its name in events. */
export type Operation =
  | "read"
  | "epochs"
  | "now"
  | "identity"
  | "acquire"
  | "renew"
  | "release"
  | "fill"
  | "set"
  | "discard"
  | "remove"
  | "markStale"
  | "announce"
  | "bump";

/** Operations that a tier which is full or read-only does not refuse: that they are done says nothing of the others. */
const HARMLESS: ReadonlySet<Operation> = new Set(["read", "epochs", "now", "identity", "renew", "release", "announce"]);

/** What statistics call the operations that change an entry. */
const COUNTED: Readonly<Partial<Record<Operation, "sets" | "deletes">>> = {
  set: "sets",
  fill: "sets",
  discard: "deletes",
  remove: "deletes",
};

const NOT_ANSWERED = Promise.resolve(UNAVAILABLE);

/** What a guard is made of. */
export interface GuardParts {
  readonly plan: RemoteTierPlan;
  readonly breakers: Breakers;
  readonly observer: Observer;
  readonly counters: TierCounters;
  /** Measures how long answers take; `undefined` where nobody is to be told. */
  readonly stopwatch: Clock | undefined;
  /** `undefined`: nobody traces. */
  readonly trace: TierTrace | undefined;
}

/** How long a tier takes to answer; `undefined` where it does not. */
export async function latencyOf(clock: Clock, ask: () => Promise<unknown>): Promise<Milliseconds | undefined> {
  const sentAt = clock.now();
  return (await ask()) === UNAVAILABLE ? undefined : clock.now() - sentAt;
}

/** A failure this late, as a part of the timeout, is a time-out: some tiers look for those at intervals. */
const LATE = 7 / 8;

/** Runs what is asked of the shared tier. Never rejects. */
export class Guard {
  readonly breakers: Breakers;
  readonly #tier: string;
  readonly #lateMs: Milliseconds;
  readonly #observer: Observer;
  readonly #counters: TierCounters;
  readonly #stopwatch: Clock | undefined;
  readonly #trace: TierTrace | undefined;
  /** What the tier failed of last; `undefined` once it has answered again. */
  lastError: unknown;
  /** What it refused to do last; `undefined` once it has done such a thing again. */
  lastRefusal: unknown;

  constructor({ plan, breakers, observer, counters, stopwatch, trace }: GuardParts) {
    this.breakers = breakers;
    this.#tier = plan.name;
    this.#lateMs = plan.timeoutMs * LATE;
    this.#observer = observer;
    this.#counters = counters;
    this.#stopwatch = stopwatch;
    this.#trace = trace;
  }

  /**
   * @param onAnswer is told of an answer before the caller is
   * @param about what is asked about, for whoever traces
   */
  run<T>(
    shard: string,
    operation: Operation,
    work: () => Promise<T>,
    onAnswer?: (answer: T) => void,
    about?: About,
  ): Promise<T | Unavailable>;
  run<T>(
    shard: string,
    operation: Operation,
    work: () => T | Promise<T>,
    onAnswer?: undefined,
    about?: About,
  ): T | Promise<T | Unavailable>;
  run<T>(
    shard: string,
    operation: Operation,
    work: () => T | Promise<T>,
    onAnswer?: (answer: T) => void,
    about?: About,
  ): T | Promise<T | Unavailable> {
    const answer = this.#try(shard, operation, work, onAnswer, about);
    return answer === UNAVAILABLE ? NOT_ANSWERED : answer;
  }

  /** The same of what answers at once. Never throws. */
  runSync<T>(shard: string, operation: Operation, work: () => T, about?: About): T | Unavailable {
    return this.#try(shard, operation, work, undefined, about) as T | Unavailable;
  }

  /** Of several sets that were asked for as one: how many were done, of which one has been counted, and why others were not. */
  noteSets(shard: string, done: number, failures: readonly unknown[]): void {
    if (this.#stopwatch !== undefined) this.#counters.sets += done - 1;
    for (const error of failures) {
      const breaker = this.breakers.of(shard);
      this.#noteFailure(breaker, breaker.tryPass(), "set", this.#now(), error);
    }
  }

  #try<T>(
    shard: string,
    operation: Operation,
    work: () => T | Promise<T>,
    onAnswer: ((answer: T) => void) | undefined,
    about: About,
  ): T | Unavailable | Promise<T | Unavailable> {
    const breaker = this.breakers.of(shard);
    const pass = breaker.tryPass();
    if (pass === REFUSED) {
      this.#counters.refused++;
      return UNAVAILABLE;
    }
    const begunAt = this.#now();
    try {
      const answering = this.#trace === undefined ? work() : this.#trace.ask(shard, operation, about, work);
      if (!(answering instanceof Promise)) {
        this.#noteAnswer(breaker, pass, operation, begunAt);
        return answering;
      }
      return answering.then(
        (answer) => {
          this.#noteAnswer(breaker, pass, operation, begunAt);
          onAnswer?.(answer);
          return answer;
        },
        (error: unknown) => this.#noteFailure(breaker, pass, operation, begunAt, error),
      );
    } catch (error) {
      return this.#noteFailure(breaker, pass, operation, begunAt, error);
    }
  }

  #now(): Instant {
    return this.#stopwatch === undefined ? 0 : this.#stopwatch.now();
  }

  #noteAnswer(breaker: Breaker, pass: number, operation: Operation, begunAt: Instant): void {
    this.lastError = undefined;
    if (this.lastRefusal !== undefined && !HARMLESS.has(operation)) this.lastRefusal = undefined;
    if (this.#stopwatch !== undefined) {
      this.#counters.latency.record(this.#stopwatch.now() - begunAt);
      const counted = COUNTED[operation];
      if (counted !== undefined) this.#counters[counted]++;
    }
    breaker.succeed(pass);
  }

  #noteFailure(breaker: Breaker, pass: number, operation: Operation, begunAt: Instant, error: unknown): Unavailable {
    this.#fail(operation, begunAt, error);
    // Who refuses has answered: that is no reason to stop asking for everything.
    if (error instanceof CacheError && error.code === "refused") {
      this.lastRefusal = error;
      breaker.succeed(pass);
    } else {
      this.lastError = error;
      breaker.fail(pass, error);
    }
    return UNAVAILABLE;
  }

  #fail(operation: Operation, begunAt: Instant, error: unknown): void {
    if (error instanceof CacheError && error.code === "closed") return;
    this.#counters.errors++;
    if (this.#stopwatch !== undefined && this.#stopwatch.now() - begunAt >= this.#lateMs) this.#counters.timeouts++;
    if (this.#observer.wants("tierError")) {
      this.#observer.notify({ type: "tierError", tier: this.#tier, operation, error });
    }
  }
}
