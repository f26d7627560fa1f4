// Keeps the file in bounds, always in small steps: some with every write, the rest in the background.

import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { FOLLOW_MS } from "./host-clock.ts";
import type { SqliteLink } from "./link.ts";
import type { SqliteSettings } from "./settings.ts";
import type { SqliteStore } from "./store.ts";
import type { Touches } from "./touches.ts";
import type { SqliteWriter } from "./writer.ts";
import type { Transaction } from "./write-queue.ts";

/** Between two looks whether there is something to do, and between two steps while there is. */
const LOOK_MS: Milliseconds = 1_000;
const STEP_PAUSE_MS: Milliseconds = 20;
/** Rows that one step removes: a millisecond or two. */
const STEP_ROWS = 100;
/** Entries that are pushed out at a time where there are too many bytes. */
const PUSH_ROWS = 16;
/** Part of the bound that is freed besides what is too much, as far as those few come to it: so not every write has to. */
const PUSH_PART = 1 / 16;
const MAX_PUSHES = 32;
/** Pages that one step gives back to the system. */
const STEP_PAGES = 64;
/** Tags and namespaces that are remembered, whoever uses them. */
const MAX_EPOCHS = 100_000;
const COUNT_MS: Milliseconds = 30_000;

/** Pushes out what is too much, within a transaction: what has not been used for the longest goes first. */
export function pushOut({ store }: Transaction, { maxEntries, maxBytes }: SqliteSettings): boolean {
  if (maxEntries === Infinity && maxBytes === Infinity) return false;
  for (let push = 0; push < MAX_PUSHES; push++) {
    const { entries, bytes } = store.record;
    const isTooMany = entries > maxEntries;
    if (!isTooMany && bytes <= maxBytes) return false;
    const removed = isTooMany
      ? store.entries.removeOldest(Math.min(entries - maxEntries, STEP_ROWS))
      : store.entries.removeOldest(PUSH_ROWS, bytes - maxBytes * (1 - PUSH_PART));
    if (removed === 0) return false;
  }
  return true;
}

/** What is done in the background of one connection. */
export class UpkeepTimer {
  readonly #settings: SqliteSettings;
  readonly #link: SqliteLink;
  readonly #writer: SqliteWriter;
  readonly #clock: Clock;
  readonly #touches: Touches;
  #cancel: Cancel;
  #vacuumAt: Instant;
  #countAt: Instant = -Infinity;
  #isClosed = false;

  constructor(link: SqliteLink, writer: SqliteWriter, clock: Clock, touches: Touches) {
    this.#settings = link.settings;
    this.#link = link;
    this.#writer = writer;
    this.#clock = clock;
    this.#touches = touches;
    this.#vacuumAt = clock.now() + this.#settings.vacuumIntervalMs;
    this.#cancel = this.#later(this.#settings.cleanupOnStart ? 0 : LOOK_MS);
  }

  stop(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #later(delayMs: Milliseconds): Cancel {
    return this.#clock.schedule(delayMs, () => void this.#work());
  }

  /** Never rejects: what could not be done is tried again at the next look. */
  async #work(): Promise<void> {
    let isMore = false;
    try {
      const { store } = this.#link.use();
      const step = (transaction: Transaction): boolean => this.#step(transaction);
      // Most often nothing is to be done, and that costs others nothing.
      if (this.#isNeeded(store)) isMore = await this.#writer.write(UPKEEP, step);
    } catch {
      // Whoever needs the file is told what is wrong with it.
    }
    if (!this.#isClosed) this.#cancel = this.#later(isMore ? STEP_PAUSE_MS : LOOK_MS);
  }

  #isNeeded(store: SqliteStore): boolean {
    const { entries, bytes, garbageTo } = store.record;
    const { now } = store;
    const { maxEntries, maxBytes } = this.#settings;
    if (garbageTo > 0 || entries > maxEntries || bytes > maxBytes) return true;
    if (!this.#touches.isEmpty || store.aheadMs > FOLLOW_MS) return true;
    if (store.entries.hasEnded(now) || store.leases.hasEnded(now - LOOK_MS) || store.log.isLong(now)) return true;
    return this.#hasManyEpochs(store) || this.#isVacuumDue(store);
  }

  /** One step of all that is to be done. Answers whether there is more. */
  #step(transaction: Transaction): boolean {
    const { store, now } = transaction;
    if (store.aheadMs > FOLLOW_MS) store.moveClock(store.aheadMs);
    store.leases.removeEnded(now, STEP_ROWS);
    store.log.trim(now, 5 * STEP_ROWS);
    if (this.#hasManyEpochs(store)) store.epochs.removeNames(STEP_ROWS);
    const isSwept = this.#sweep(store);
    const hasMoreEnded = store.entries.removeEnded(now, STEP_ROWS);
    const isOver = pushOut(transaction, this.#settings);
    const isVacuumed = this.#vacuum(store);
    return !isSwept || hasMoreEnded || isOver || !isVacuumed || store.log.isLong(now);
  }

  /** Answers whether no garbage is left. */
  #sweep(store: SqliteStore): boolean {
    const { garbageTo } = store.record;
    if (garbageTo === 0) return true;
    if (store.entries.removeGarbage(garbageTo, STEP_ROWS) === STEP_ROWS) return false;
    store.endGarbage(garbageTo);
    return true;
  }

  /** Counting takes a millisecond or two. */
  #hasManyEpochs(store: SqliteStore): boolean {
    if (this.#clock.now() < this.#countAt) return false;
    if (store.epochs.count > MAX_EPOCHS) return true;
    this.#countAt = this.#clock.now() + COUNT_MS;
    return false;
  }

  #isVacuumDue(store: SqliteStore): boolean {
    if (this.#clock.now() < this.#vacuumAt) return false;
    if (store.freePages > 0) return true;
    this.#vacuumAt = this.#clock.now() + this.#settings.vacuumIntervalMs;
    return false;
  }

  /** Answers whether no more is to be given back now. */
  #vacuum(store: SqliteStore): boolean {
    if (!this.#isVacuumDue(store)) return true;
    const before = store.freePages;
    store.vacuum(STEP_PAGES);
    const { freePages } = store;
    if (freePages > 0 && freePages < before) return false;
    this.#vacuumAt = this.#clock.now() + this.#settings.vacuumIntervalMs;
    return true;
  }
}

const UPKEEP = "\0upkeep";
