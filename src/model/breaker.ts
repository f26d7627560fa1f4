// The circuit breaker: stops asking a place that keeps failing, and tries it again now and then.

import type { Clock } from "../contracts/clock.ts";
import { show } from "../errors.ts";
import type { Instant, Milliseconds } from "./duration.ts";

/** When a breaker opens, and for how long. Either rule is enough. */
export interface BreakerSettings {
  /** Opens after so many failures in a row. */
  readonly failures: number;
  /** How long it stays open, on average: chance makes it 75 % to 125 % of this, so that processes do not probe in step. */
  readonly openMs: Milliseconds;
  /** Opens when this part of the latest calls has failed, 0 to 1. */
  readonly rate: number;
  /** Calls count towards the rate for this long at most, and for half of it at least. */
  readonly rateWindowMs: Milliseconds;
  /** With fewer calls than this there is no rate. */
  readonly rateMinimum: number;
}

export const BREAKER_DEFAULTS: BreakerSettings = {
  failures: 5,
  openMs: 30_000,
  rate: 0.5,
  rateWindowMs: 10_000,
  rateMinimum: 20,
};

/**
 * - `closed`: calls are made.
 * - `open`: none is.
 * - `halfOpen`: one is, the probe, whose outcome closes or opens the breaker.
 */
export type BreakerState = "closed" | "open" | "halfOpen";

/**
 * Leave to make one call, to be handed back with its outcome: it says in which state the call was let through, so that
 * what began before the breaker opened decides nothing afterwards. A number, because every call needs one.
 */
export type Pass = number;

/** What `tryPass` answers when the call must not be made. */
export const REFUSED: Pass = 0;

interface Closed {
  readonly kind: "closed";
  /** All calls of this state have the same pass. */
  readonly pass: Pass;
  failures: number;
  readonly outcomes: Outcomes;
}

interface Open {
  readonly kind: "open";
  readonly failures: number;
  readonly retryAt: Instant;
}

interface HalfOpen {
  readonly kind: "halfOpen";
  readonly failures: number;
  /** Passes from here on are those of this state's probes. */
  readonly firstPass: Pass;
  /** The latest probe; `REFUSED` while none is under way. */
  probe: Pass;
  /** When the probe counts as lost, and another may be made. */
  retryAt: Instant;
}

/** Decides whether calls are made, by how the last ones went. It has no timer: time passes when it is asked. */
export class Breaker {
  readonly #settings: BreakerSettings | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onChange: (state: BreakerState, reason: string) => void;
  #lastPass: Pass = REFUSED;
  #state: Closed | Open | HalfOpen;

  /**
   * @param settings `undefined`: it never opens, and only counts failures
   * @param random a number from 0 to 1, as `Math.random` gives them
   * @param onChange hears of every change, when it is complete; `reason` is for people. It must not throw: what it
   *   throws reaches whoever called the method. It may call the breaker.
   */
  constructor(
    settings: BreakerSettings | undefined,
    clock: Clock,
    random: () => number,
    onChange: (state: BreakerState, reason: string) => void,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
    this.#state = this.#newClosed();
  }

  get state(): BreakerState {
    return this.#state.kind;
  }

  /** How many calls in a row have failed, those that opened it and failed probes included. */
  get failures(): number {
    return this.#state.failures;
  }

  /** When a call may be made again; `undefined` while calls are made. */
  get retryAt(): Instant | undefined {
    return this.#state.kind === "closed" ? undefined : this.#state.retryAt;
  }

  /**
   * Leave to make a call now, or `REFUSED`. Whoever gets one makes the call and hands the pass to `succeed` or `fail`.
   * When an open breaker's time has come, one caller gets leave for the probe. A probe that has not settled after
   * `openMs` does not block for ever: then another caller gets leave too.
   */
  tryPass(): Pass {
    const state = this.#state;
    if (state.kind === "closed") return state.pass;
    const now = this.#clock.now();
    if (now < state.retryAt) return REFUSED;
    if (state.kind === "halfOpen") return this.#probe(state, now);
    const halfOpen = this.#newHalfOpen();
    const pass = this.#probe(halfOpen, now);
    this.#change(halfOpen, "it is time to try again");
    return pass;
  }

  /** The call has succeeded. */
  succeed(pass: Pass): void {
    const state = this.#state;
    if (state.kind === "closed") {
      if (pass !== state.pass) return;
      state.failures = 0;
      state.outcomes.succeed(this.#clock);
    } else if (state.kind === "halfOpen" && pass >= state.firstPass) {
      // A probe given up for lost has been answered after all: that is as good.
      this.#change(this.#newClosed(), "a probe succeeded");
    }
  }

  /** The call has failed, by `error`. */
  fail(pass: Pass, error: unknown): void {
    const state = this.#state;
    if (state.kind === "closed" && pass === state.pass) {
      state.failures++;
      state.outcomes.fail(this.#clock.now());
      const reason = this.#settings && reasonToOpen(state, this.#settings);
      if (reason !== undefined) this.#open(`${reason}, the last with ${textOf(error)}`);
    } else if (state.kind === "halfOpen" && pass === state.probe && pass !== REFUSED) {
      this.#open(`a probe failed with ${textOf(error)}`);
    }
  }

  /**
   * The other side has been seen to answer by other means. An open breaker becomes half-open at once, so that the next
   * `tryPass` is the probe. If one is under way, it began before this: another may be made, and only that one's failure
   * counts. To be called when the other side is back, not whenever it answers.
   */
  hint(): void {
    const state = this.#state;
    if (state.kind === "open") {
      this.#change(this.#newHalfOpen(), "it has been seen to answer");
    } else if (state.kind === "halfOpen") {
      state.probe = REFUSED;
      state.retryAt = -Infinity;
    }
  }

  #probe(state: HalfOpen, now: Instant): Pass {
    state.probe = ++this.#lastPass;
    state.retryAt = now + (this.#settings as BreakerSettings).openMs;
    return state.probe;
  }

  #open(reason: string): void {
    const { openMs } = this.#settings as BreakerSettings;
    const failures = this.#state.failures + (this.#state.kind === "halfOpen" ? 1 : 0);
    const retryAt = this.#clock.now() + openMs * (0.75 + this.#random() / 2);
    this.#change({ kind: "open", failures, retryAt }, reason);
  }

  #newClosed(): Closed {
    const outcomes = new Outcomes((this.#settings ?? BREAKER_DEFAULTS).rateWindowMs, this.#clock.now());
    return { kind: "closed", pass: ++this.#lastPass, failures: 0, outcomes };
  }

  #newHalfOpen(): HalfOpen {
    const { failures } = this.#state;
    return { kind: "halfOpen", failures, firstPass: this.#lastPass + 1, probe: REFUSED, retryAt: -Infinity };
  }

  /** The state first: whatever `onChange` does, it finds and leaves the breaker whole. */
  #change(state: Closed | Open | HalfOpen, reason: string): void {
    this.#state = state;
    this.#onChange(state.kind, reason);
  }
}

function reasonToOpen({ failures, outcomes }: Closed, settings: BreakerSettings): string | undefined {
  if (failures >= settings.failures) return `${failures} calls in a row failed`;
  const { failed, total } = outcomes;
  if (total < settings.rateMinimum || failed < total * settings.rate) return undefined;
  return `${failed} of ${total} calls failed`;
}

/** Successes are counted this many at a time: reading the clock costs more than everything else a success does. */
const UNDATED_MAX = 16;

/**
 * How many of the latest calls have failed: two counts, each of half a window, of which the older is dropped when the
 * younger is full. Successes since the last reading of the clock count as of now, so that up to fifteen of them
 * may count for too long, which can only make the rate seem lower.
 */
class Outcomes {
  readonly #halfMs: Milliseconds;
  #halfEndsAt: Instant;
  #failed = 0;
  #total = 0;
  #olderFailed = 0;
  #olderTotal = 0;
  #undated = 0;

  constructor(windowMs: Milliseconds, now: Instant) {
    this.#halfMs = windowMs / 2;
    this.#halfEndsAt = now + this.#halfMs;
  }

  get failed(): number {
    return this.#failed + this.#olderFailed;
  }

  get total(): number {
    return this.#total + this.#olderTotal;
  }

  succeed(clock: Clock): void {
    if (++this.#undated === UNDATED_MAX) this.#date(clock.now());
  }

  fail(now: Instant): void {
    this.#date(now);
    this.#failed++;
    this.#total++;
  }

  #date(now: Instant): void {
    if (now >= this.#halfEndsAt) this.#turn(now);
    this.#total += this.#undated;
    this.#undated = 0;
  }

  #turn(now: Instant): void {
    const isNext = now < this.#halfEndsAt + this.#halfMs;
    this.#olderFailed = isNext ? this.#failed : 0;
    this.#olderTotal = isNext ? this.#total : 0;
    this.#failed = 0;
    this.#total = 0;
    this.#halfEndsAt = isNext ? this.#halfEndsAt + this.#halfMs : now + this.#halfMs;
  }
}

function textOf(error: unknown): string {
  return show(error instanceof Error ? error.message : error);
}
