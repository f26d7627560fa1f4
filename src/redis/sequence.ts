// Notices that a message of another process is missing.

import { forgetOldest } from "../model/bounded.ts";
import type { Milliseconds } from "../model/duration.ts";

/** More publishers than ever live at once; those not heard of the longest are forgotten. */
const MAX_PUBLISHERS = 4_096;

interface Publisher {
  /** Every number up to this one has come, or lies before the time that counts. */
  complete: number;
  /** Numbers beyond that have come. On a cluster messages overtake each other, so they may be joined up yet. */
  readonly ahead: Set<number>;
  /** The highest number it is known to have used. */
  highest: number;
}

/** The numbers that have come, by publisher. */
export class Sequences {
  #publishers = new Map<string, Publisher>();

  /** Notes a number from before the time that counts: it and all before it do not. */
  skip(publisher: string, number: number): void {
    const known = this.#publishers.get(publisher)?.complete ?? 0;
    this.#publishers.delete(publisher);
    const complete = Math.max(known, number);
    this.#publishers.set(publisher, { complete, ahead: new Set(), highest: complete });
    forgetOldest(this.#publishers, MAX_PUBLISHERS);
  }

  /**
   * Notes a number. Answers whether one is missing now, of any publisher: perhaps it is only late.
   * @param liveMs for how long every message should have come
   * @param ageMs for how long the publisher had existed: if less than that, its first message must have come
   */
  note(publisher: string, number: number, isFollowUp: boolean, ageMs: Milliseconds, liveMs: Milliseconds): boolean {
    const known = this.#publishers.get(publisher);
    const base = ageMs < liveMs ? 0 : isFollowUp ? number : number - 1;
    const state = known ?? { complete: base, ahead: new Set(), highest: base };
    // Most recently heard last
    if (known !== undefined) this.#publishers.delete(publisher);
    this.#publishers.set(publisher, state);
    if (known === undefined) forgetOldest(this.#publishers, MAX_PUBLISHERS);
    state.highest = Math.max(state.highest, number);
    if (!isFollowUp && number > state.complete) state.ahead.add(number);
    while (state.ahead.delete(state.complete + 1)) state.complete++;
    return state.complete < state.highest;
  }

  /** Whether a number is missing, of any publisher. */
  hasGap(): boolean {
    for (const { complete, highest } of this.#publishers.values()) if (complete < highest) return true;
    return false;
  }

  /** How many numbers are missing, of all publishers. */
  get missing(): number {
    let count = 0;
    for (const { complete, highest, ahead } of this.#publishers.values()) count += highest - complete - ahead.size;
    return count;
  }

  /** Starts anew: what came before a new subscription does not count. */
  clear(): void {
    this.#publishers = new Map();
  }
}
