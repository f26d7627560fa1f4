// What another process has written, on the clock of this one: theirs may be wrong by minutes, and ages count in seconds.

import { randomUUID } from "node:crypto";
import type { Clock } from "../contracts/clock.ts";
import type { TieredCacheManager } from "../manager.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";

/** Who has written a value, and when by his clock. */
export interface Written {
  readonly writer: string;
  readonly storedAt: Instant;
}

/** How far a clock is behind this one. */
interface Difference {
  readonly ms: Milliseconds;
  readonly learntAt: Instant;
}

/** Clocks go at slightly different speeds: some seconds a day. */
const LEARNT_FOR_MS: Milliseconds = 600_000;
const SAME_WITHIN_MS: Milliseconds = 1_000;
/** Writers come and go with their processes. */
const MOST_WRITERS = 1_000;

/**
 * How far the clocks of other writers are from ours. The cache knows how long ago an entry was made, by the clock of its authority; and who
 * made it has noted the time by his own.
 */
export class WritersClocks {
  readonly #here = randomUUID();
  readonly #cache: TieredCacheManager;
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #differences = new Map<string, Difference>();

  constructor(cache: TieredCacheManager, namespace: string, clock: Clock) {
    this.#cache = cache;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  /** For a value that is written now. */
  written(): Written {
    return { writer: this.#here, storedAt: this.#clock.now() };
  }

  /** By how much the instants in a value are to be moved; a promise when that has to be found out. */
  shiftOf(key: string, value: Written): Milliseconds | Promise<Milliseconds> {
    if (value.writer === this.#here) return 0;
    const known = this.#differences.get(value.writer);
    const isKnown = known !== undefined && this.#clock.now() - known.learntAt < LEARNT_FOR_MS;
    return isKnown ? known.ms : this.#learn(key, value, known);
  }

  async #learn(key: string, { writer, storedAt }: Written, known: Difference | undefined): Promise<Milliseconds> {
    const entry = await this.#cache.getEntry<Written>(key, { namespace: this.#namespace });
    // Another value has taken its place: what it says of its writer is for those who read it.
    if (entry?.value.writer !== writer || entry.value.storedAt !== storedAt) return known?.ms ?? 0;
    const difference = entry.createdAt - storedAt;
    // How long the way to the authority takes is not known to the millisecond, and ages count in seconds.
    const ms = Math.abs(difference) < SAME_WITHIN_MS ? 0 : difference;
    this.#differences.delete(writer);
    this.#differences.set(writer, { ms, learntAt: this.#clock.now() });
    const [oldest] = this.#differences.keys();
    if (this.#differences.size > MOST_WRITERS && oldest !== undefined) this.#differences.delete(oldest);
    return ms;
  }
}
