// The breakers of one tier, one for each of its servers, and what they say of the tier as a whole.

import type { Clock } from "../contracts/clock.ts";
import type { RemoteTierPlan } from "../contracts/remote.ts";
import { Breaker, REFUSED, type BreakerSettings, type BreakerState } from "../model/breaker.ts";
import { breakerSettings } from "../model/breaker-options.ts";

/** Told when the breaker of a server changes. */
export type BreakerListener = (shard: string, state: BreakerState, reason: string) => void;

/** The breakers of one tier, one per server; shared by all caches that use the tier. */
export class Breakers {
  /** `undefined`: they never open. */
  readonly #settings: BreakerSettings | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byShard = new Map<string, Breaker>();
  readonly #listeners = new Set<BreakerListener>();
  /** Whether every server is known not to answer: nothing needs to be tried. */
  isAway = false;

  constructor(settings: BreakerSettings | undefined, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  of(shard: string): Breaker {
    return this.#byShard.get(shard) ?? this.#add(shard);
  }

  all(): Iterable<readonly [string, Breaker]> {
    return this.#byShard;
  }

  /** Returns what ends it. */
  onChange(listener: BreakerListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The tier was asked by other means. One that answers needs no further try: its breaker closes. */
  noteProbe(answered: boolean): void {
    // Which of several servers has failed to answer, a probe does not tell.
    if (!answered && this.#byShard.size > 1) return;
    for (const breaker of this.#byShard.values()) {
      // Of one that is closed the calls themselves say how it is: an answer to a probe must not make up for their failures.
      if (answered && breaker.state === "closed") continue;
      if (answered) breaker.hint();
      const pass = breaker.tryPass();
      if (answered) breaker.succeed(pass);
      else if (pass !== REFUSED) breaker.fail(pass, "a probe was not answered");
    }
  }

  #add(shard: string): Breaker {
    const breaker = new Breaker(this.#settings, this.#clock, this.#random, (state, reason) => {
      this.isAway = [...this.#byShard.values()].every((one) => one.state === "open");
      for (const listener of this.#listeners) listener(shard, state, reason);
    });
    this.#byShard.set(shard, breaker);
    return breaker;
  }
}

const byPlan = new WeakMap<RemoteTierPlan, Breakers>();

/** The breakers of a tier: the same for every cache opened from its plan. */
export function breakersOf(plan: RemoteTierPlan, clock: Clock, random: () => number): Breakers {
  const known = byPlan.get(plan) ?? new Breakers(breakerSettings(plan.breaker), clock, random);
  byPlan.set(plan, known);
  return known;
}
