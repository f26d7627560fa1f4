// Trust: whether copies outside the authority may be used as they are, or must be verified first.

import type { Bus } from "../contracts/bus.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Tick } from "../model/epoch.ts";
import type { EpochTable } from "./epochs.ts";

/** Questions that one reading of the clock answers within one turn of the event loop. */
const READING_USES = 16;

/**
 * A copy is trusted while the bus has been live, without a gap, since before the copy was asked for: then every
 * invalidation of it would have been heard. All others are suspect. The same goes for what the epoch table knows.
 */
export class Trust {
  /** Copies as of an earlier tick are suspect; `Infinity` while the bus is not live, or something has to be replayed. */
  since: Tick = Infinity;
  /** Since when every message has been heard; `Infinity` while the bus is not live. */
  #heardSince: Tick = Infinity;
  readonly #epochs: EpochTable;
  readonly #bus: Bus | undefined;
  readonly #clock: Clock;
  #reading: Instant = -Infinity;
  #uses = 0;
  #isTurnWatched = false;
  /** Why copies are not trusted, for people; `undefined` while they are. Of several reasons in a row the first. */
  lossReason: string | undefined = "it has not been live yet";
  /** When that began, or trust did. */
  changedAt: Instant;

  constructor(epochs: EpochTable, bus: Bus | undefined, clock: Clock) {
    this.#epochs = epochs;
    this.#bus = bus;
    this.#clock = clock;
    this.changedAt = clock.now();
  }

  /** Whether a copy that the authority has confirmed may be served as it is. Every memory hit asks this. */
  covers(entry: Entry): boolean {
    return entry.asOf >= this.since && entry.version !== undefined && this.isUp;
  }

  /** Whether every invalidation of a copy would have been heard, though the authority cannot vouch for it now. */
  wouldHear(entry: Entry): boolean {
    return this.hasHeardSince(entry) && this.#isTimely;
  }

  /** Whether nothing has been lost on the way since then: what has come has been heard, or will be. */
  hasHeardSince({ asOf }: Pick<Entry, "asOf">): boolean {
    return asOf >= this.#heardSince;
  }

  get #isTimely(): boolean {
    return this.turnNow() < (this.#bus as Bus).trustedUntil;
  }

  /**
   * Whether the bus can be believed now: live, and seen to work a moment ago. A process that was paused, or cut off
   * without knowing, learns from the clock that it cannot.
   */
  get isUp(): boolean {
    return this.since !== Infinity && this.#isTimely;
  }

  /** Messages may have been lost: nothing from before is trusted, nor from now on until {@link gain}. */
  lose(reason: string): void {
    if (this.lossReason === undefined) this.changedAt = this.#clock.now();
    this.lossReason ??= reason;
    this.since = Infinity;
    this.#heardSince = Infinity;
    this.#epochs.advance();
  }

  /** From now on every message will be heard. */
  hear(): void {
    this.#heardSince = this.#epochs.advance();
  }

  /** And the authority has all that it is to have. What was asked for before stays suspect. */
  gain(): void {
    this.since = this.#epochs.advance();
    this.lossReason = undefined;
    this.changedAt = this.#clock.now();
  }

  /**
   * The clock, read once for several questions of the same turn of the event loop. Never across turns: a pause of the
   * process lies between two, and messages that came meanwhile are read after it. (`process.nextTick` comes once what
   * runs now, and all that awaits it, is done.)
   */
  turnNow(): Instant {
    if (this.#uses > 0) {
      this.#uses--;
      return this.#reading;
    }
    this.#reading = this.#clock.now();
    this.#uses = READING_USES;
    if (!this.#isTurnWatched) {
      this.#isTurnWatched = true;
      process.nextTick(this.#endTurn);
    }
    return this.#reading;
  }

  readonly #endTurn = (): void => {
    this.#uses = 0;
    this.#isTurnWatched = false;
  };
}
