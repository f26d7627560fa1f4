// Leases in the memory of this process: who refreshes a key while the others wait.

import type { Acquired } from "../contracts/authority.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";

/** Whose a lease is, and until when. */
export interface Held {
  readonly token: string;
  readonly endsAt: Instant;
}

/** Below this number of leases nobody looks for those that have run out. */
const SWEEP_FROM = 1_000;

/** The leases of all caches of this process on one store, by the entry's key in it. */
export class Leases {
  readonly #byKey = new Map<string, Held>();
  #sweepAt = SWEEP_FROM;

  /** Granted if nobody else has it; again to the same token, whose first answer may have been lost. */
  acquire(key: string, token: string, now: Instant, leaseMs: Milliseconds): Acquired {
    const held = this.#byKey.get(key);
    if (held !== undefined && held.token !== token && held.endsAt > now) {
      return { kind: "held", remainingMs: held.endsAt - now };
    }
    this.#byKey.set(key, { token, endsAt: now + leaseMs });
    if (this.#byKey.size >= this.#sweepAt) this.#sweep(now);
    return { kind: "granted" };
  }

  /** Answers whether it was still this token's. */
  renew(key: string, token: string, now: Instant, leaseMs: Milliseconds): boolean {
    if (!this.isHeld(key, token, now)) return false;
    this.#byKey.set(key, { token, endsAt: now + leaseMs });
    return true;
  }

  isHeld(key: string, token: string, now: Instant): boolean {
    return this.find(key, now)?.token === token;
  }

  /** The one of a key, if it has not run out. */
  find(key: string, now: Instant): Held | undefined {
    const held = this.#byKey.get(key);
    return held !== undefined && held.endsAt > now ? held : undefined;
  }

  /** Gives it back, if it is this token's. */
  release(key: string, token: string): void {
    if (this.#byKey.get(key)?.token === token) this.#byKey.delete(key);
  }

  /** Ends it, whoever has it: this is the fence. */
  drop(key: string): void {
    this.#byKey.delete(key);
  }

  /** How many there are, those included that have run out. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Keys that start with `prefix` and have one. */
  keys(prefix: string, now: Instant): string[] {
    return [...this.#byKey].filter(([key, { endsAt }]) => endsAt > now && key.startsWith(prefix)).map(([key]) => key);
  }

  /** What its holder has neither used nor given back. */
  #sweep(now: Instant): void {
    for (const [key, { endsAt }] of this.#byKey) if (endsAt <= now) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#byKey.size);
  }
}
