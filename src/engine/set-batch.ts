// Sets of one turn of the event loop, for an authority that takes many at a time: sent as one, and concluded together.

import type { NewFrame, Written } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Tick } from "../model/epoch.ts";
import type { Engine } from "./engine.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { readyFrame } from "./set-send.ts";
import { conclude, overtake, type Sending } from "./setting.ts";
import type { Settled } from "./settled.ts";
import { isStored, type SharedTier } from "./shared-tier.ts";

/** So many are sent before the turn is over: no caller is to wait for more, nor the authority to do more at a time. */
const MAX_SETS = 100;

/** Somebody who waits for all that he has set with one call. */
class Caller<R = unknown> {
  readonly fail: (error: unknown) => void;
  readonly #resolve: (result: R) => void;
  readonly #toResult: (settled: Settled) => R;
  #left: number;
  #settled: Settled = "done";

  constructor(
    sets: number,
    toResult: (settled: Settled) => R,
    resolve: (result: R) => void,
    reject: (error: unknown) => void,
  ) {
    this.#left = sets;
    this.#toResult = toResult;
    this.#resolve = resolve;
    this.fail = reject;
  }

  /** What one of them has come to. */
  note(settled: Settled): void {
    if (settled === "pending") this.#settled = settled;
    if (--this.#left === 0) this.#resolve(this.#toResult(this.#settled));
  }
}

/** A set that waits for the others. */
interface Waiting {
  readonly setting: Sending;
  readonly set: NewFrame;
  readonly caller: Caller;
}

/**
 * What a set costs besides its bytes are promises, deadlines and the bookkeeping of a question: here all that are called in
 * one turn have them in common, but for the promise that each caller has been given.
 */
export class SetBatch {
  readonly #engine: Engine;
  readonly #shared: SharedTier;
  #waiting: Waiting[] = [];
  /** Since when what the frames that wait say of epochs has been trusted. */
  #trustedSince: Tick = Infinity;

  constructor(engine: Engine, shared: SharedTier) {
    this.#engine = engine;
    this.#shared = shared;
  }

  /**
   * Takes what one call sets, and resolves when all of that is settled; `undefined`, with nothing done, where something has to
   * be waited for before.
   */
  add<R>(sendings: readonly Sending[], toResult: (settled: Settled) => R): Promise<R> | undefined {
    const sets: NewFrame[] = [];
    for (const sending of sendings) {
      // Now, and not when they are sent: what is invalidated in between ends them.
      const set = readyFrame(this.#engine, this.#shared, sending);
      if (set === undefined) return undefined;
      sets.push(set);
    }
    return new Promise((resolve, reject) => {
      const caller = new Caller(sendings.length, toResult, resolve, reject) as Caller;
      sendings.forEach((setting, at) => this.#take({ setting, set: sets[at] as NewFrame, caller }));
    });
  }

  #take(waiting: Waiting): void {
    const { pending } = waiting.setting;
    overtake(this.#engine, pending);
    this.#engine.flights.beginSet(pending);
    pending.leaves(this.#send);
    const count = this.#waiting.push(waiting);
    if (count === 1) this.#begin();
    else if (count === MAX_SETS) this.#send();
  }

  /** They are sent once what runs now has come to its end. */
  #begin(): void {
    this.#trustedSince = this.#shared.trust.since;
    const ending = new Promise<void>((resolve) => process.nextTick(resolve));
    this.#engine.tasks.own(ending.then(this.#send), IGNORE);
  }

  /** They have been sent when this returns. */
  readonly #send = (): void => {
    const all = this.#waiting;
    if (all.length === 0) return;
    this.#waiting = [];
    this.#engine.tasks.own(this.#sendThem(all), IGNORE);
  };

  async #sendThem(all: readonly Waiting[]): Promise<void> {
    const { clock } = this.#engine;
    // Not later than the authority's own instant of it: freshness ends early rather than late.
    const createdAt = clock.now();
    // Another authority may be there since, of which they know nothing.
    const isTrusted = this.#trustedSince === this.#shared.trust.since;
    const writing = isTrusted ? this.#shared.setMany(all.map(({ set }) => set)) : undefined;
    for (const { setting } of all) setting.pending.sent();
    const outcomes = await writing;
    const now = clock.now();
    for (let at = 0; at < all.length; at++)
      this.#conclude(all[at] as Waiting, outcomes?.[at] ?? UNAVAILABLE, createdAt, now);
  }

  #conclude({ setting, caller }: Waiting, written: Written | Unavailable, createdAt: Instant, now: Instant): void {
    const isDone = isStored(written);
    try {
      const settled = conclude(this.#engine, this.#shared, setting, createdAt, isDone, now);
      // The bus need not tell this process of it.
      this.#shared.waiters.call(setting.pending.target.id);
      caller.note(settled);
    } catch (error) {
      caller.fail(error);
    } finally {
      this.#engine.flights.endSet(setting.pending);
    }
  }
}

/** Whoever waits for it is told. */
const IGNORE = (): void => undefined;
