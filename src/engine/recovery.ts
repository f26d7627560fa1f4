// Invalidations that the authority has not got, or may have lost: kept, believed in the meantime, and done again.

import type { EpochName } from "../contracts/authority.ts";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Epoch } from "../model/epoch.ts";
import { UNAVAILABLE } from "./guard.ts";
import type { SharedTier } from "./shared-tier.ts";

/** An invalidation as it can be done again. A `set` is one of its key: twice is safe, and never overwrites. */
export type Invalidation =
  | { readonly kind: "key"; readonly id: string; readonly fullKey: string; readonly soft: boolean }
  | { readonly kind: "epoch"; readonly epoch: Epoch; readonly soft: boolean };

/** How long after an invalidation a server may come that has not heard of it. */
const RECENT_MS: Milliseconds = 60_000;
/** More than this, of either kind, count as an invalidation of everything. */
const MAX_KEPT = 20_000;
/** Invalidations that are on their way at a time while they are done again. */
const CHUNK = 200;
/** Between two looks whether some are not recent any more. */
const FORGET_MS: Milliseconds = 1_000;
/** Wait between two tries while something is pending. */
const RETRY_MS: Milliseconds = 250;

interface Pending {
  readonly invalidation: Invalidation;
  /** Before this its first try may still take effect. */
  readonly notBefore: Instant;
  /** The authority has had it: it is to be done again only where that may have been another one. */
  readonly wasDone: boolean;
}

/** One that has been done. It stays filed where it was when it is done again: too early, never too late. */
interface Recent {
  invalidation: Invalidation;
  at: Instant;
  filedAt: Instant;
}

/** What the recovery tells its cache. */
export interface RecoveryListener {
  /** An invalidation has been done again: fence what began before. */
  onReplayed(invalidation: Invalidation): void;
  /** Nothing is pending any more. @param count how many have been done again */
  onEmpty(count: number): void;
}

/**
 * While an invalidation is pending, what the authority holds is not believed where it matches: it is the gate that keeps
 * this process from serving, or storing anew, what its user has ended.
 */
export class Recovery {
  readonly #shared: SharedTier;
  readonly #clock: Clock;
  readonly #root: Epoch;
  readonly #listener: RecoveryListener;
  /** By what is invalidated, oldest first. */
  readonly #pending = new Map<string | Epoch, Pending>();
  readonly #recent = new Map<string | Epoch, Recent>();
  /** Whether it has to be asked who the authority is: commands may go to another one since. */
  #isUnrecognised = false;
  /** Who the authority was when it was asked last; `undefined` when it did not tell. */
  #identity: string | undefined;
  readonly #underWay = new Set<{ readonly epoch: Epoch }>();
  /** When those that are not recent any more are looked for again. */
  #forgetAt: Instant = -Infinity;
  #forgottenUntil: Instant = -Infinity;
  #replay: Promise<void> | undefined;
  #cancelRetry: Cancel | undefined;
  #isClosed = false;
  #replayed = 0;

  constructor(shared: SharedTier, clock: Clock, root: Epoch, listener: RecoveryListener) {
    this.#shared = shared;
    this.#clock = clock;
    this.#root = root;
    this.#listener = listener;
  }

  /** Whether there is something to be done before anything may be trusted. */
  get isOpen(): boolean {
    return this.#pending.size > 0 || this.#isUnrecognised;
  }

  /** How many the authority has not got. */
  get pending(): number {
    return this.#pending.size;
  }

  /** All epochs among what is pending or recent. */
  *epochs(): Generator<Epoch, void, undefined> {
    for (const about of this.#pending.keys()) if (typeof about !== "string") yield about;
    for (const about of this.#recent.keys()) if (typeof about !== "string") yield about;
    for (const { epoch } of this.#underWay) yield epoch;
  }

  /** Whether what the authority holds of a key is not to be believed, because of the key itself or of what it belongs to. */
  gates(id: string, epochs: readonly Epoch[]): boolean {
    return this.isKeyGated(id) || this.isGated(epochs);
  }

  isKeyGated(id: string): boolean {
    return this.#pending.size > 0 && this.#pending.has(id);
  }

  isGated(epochs: readonly Epoch[]): boolean {
    if (this.#pending.size === 0) return false;
    for (const epoch of epochs) if (this.#pending.has(epoch)) return true;
    return false;
  }

  /** Keeps hold of an invalidation's epoch while `work` takes: what nobody refers to is forgotten. */
  async whileUnderWay<T>(invalidation: Invalidation, work: () => Promise<T>): Promise<T> {
    if (invalidation.kind === "key") return work();
    const held = { epoch: invalidation.epoch };
    this.#underWay.add(held);
    try {
      return await work();
    } finally {
      this.#underWay.delete(held);
    }
  }

  /** An invalidation has been done, here or by another process. A server that takes over may not have got it. */
  note(invalidation: Invalidation, now: Instant = this.#clock.now()): void {
    const about = aboutOf(invalidation);
    const older = this.#recent.get(about);
    if (older === undefined) {
      this.#recent.set(about, { invalidation, at: now, filedAt: now });
    } else {
      older.invalidation = stronger(invalidation, older.invalidation);
      older.at = now;
    }
    if (now < this.#forgetAt && this.#recent.size <= MAX_KEPT) return;
    this.#forgetAt = now + FORGET_MS;
    this.#forget(now);
  }

  /** Those that are not recent any more, and those too many. */
  #forget(now: Instant): void {
    for (const [about, one] of this.#recent) {
      const isOverflow = this.#recent.size > MAX_KEPT;
      if (!isOverflow && now - one.filedAt < RECENT_MS) break;
      this.#recent.delete(about);
      if (one.at > one.filedAt) {
        // Done again since: it comes up once more, with those of then.
        one.filedAt = one.at;
        this.#recent.set(about, one);
        continue;
      }
      if (isOverflow) this.#forgottenUntil = one.at + RECENT_MS;
    }
  }

  /** The authority has not got an invalidation, as far as is known. It will, as soon as it can be reached. */
  defer(invalidation: Invalidation): void {
    this.#keep(invalidation, this.#shared.deadlinesUntil, false);
    this.#retryLater();
  }

  /** Finds out who the authority is, so that it can be recognised after a reconnect. */
  async recognise(): Promise<void> {
    const identity = await this.#shared.identity();
    if (identity !== UNAVAILABLE) this.#identity ??= identity;
  }

  /** The authority may be another now, or have forgotten something: if so, everything recent is done again. */
  reissue(): void {
    // Twice in a row: between the two there may have been one that nobody has asked.
    if (this.#isUnrecognised) this.#identity = undefined;
    this.#isUnrecognised = true;
    const now = this.#clock.now();
    if (now < this.#forgottenUntil) this.#keep(this.#everything(), -Infinity, true);
    for (const { invalidation, at } of this.#recent.values()) {
      if (now - at < RECENT_MS) this.#keep(invalidation, -Infinity, true);
    }
    this.#retryLater(0);
  }

  /** Tries to do what is pending. Resolves when the try is over. */
  tryNow(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#replay ??= this.#replayAll().finally(() => {
      this.#replay = undefined;
      if (this.isOpen) this.#retryLater();
    });
    return this.#replay;
  }

  /** Tries no more. */
  stop(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
  }

  #keep(invalidation: Invalidation, notBefore: Instant, wasDone: boolean): void {
    const about = aboutOf(invalidation);
    const older = this.#pending.get(about);
    this.#pending.delete(about);
    this.#pending.set(about, {
      invalidation: stronger(invalidation, older?.invalidation),
      notBefore: Math.max(notBefore, older?.notBefore ?? -Infinity),
      wasDone: wasDone && (older?.wasDone ?? true),
    });
    if (this.#pending.size <= MAX_KEPT) return;
    this.#pending.clear();
    this.#pending.set(this.#root, { invalidation: this.#everything(), notBefore, wasDone: false });
  }

  #everything(): Invalidation {
    return { kind: "epoch", epoch: this.#root, soft: false };
  }

  #retryLater(delayMs: Milliseconds = RETRY_MS): void {
    if (this.#isClosed) return;
    this.#cancelRetry ??= this.#clock.schedule(delayMs, () => void this.tryNow());
  }

  async #replayAll(): Promise<void> {
    if (!this.isOpen || this.#isClosed) return;
    await this.#shared.sync();
    if (!(await this.#dropWhatWasDone())) return;
    const open = [...this.#pending];
    for (let from = 0; from < open.length; from += CHUNK) {
      const done = await Promise.all(open.slice(from, from + CHUNK).map(([about, one]) => this.#replayOne(about, one)));
      if (done.includes(false)) return;
    }
    if (this.#pending.size > 0) return;
    const count = this.#replayed;
    this.#replayed = 0;
    this.#listener.onEmpty(count);
  }

  /** The same authority as before still has what it acknowledged. Answers whether that could be found out. */
  async #dropWhatWasDone(): Promise<boolean> {
    if (!this.#isUnrecognised) return true;
    this.#isUnrecognised = false;
    const identity = await this.#shared.identity();
    // What was asked before yet another reconnect tells nothing.
    if (identity === UNAVAILABLE || this.#isUnrecognised) {
      this.#isUnrecognised = true;
      return false;
    }
    const isSame = identity !== undefined && identity === this.#identity;
    this.#identity = identity;
    if (isSame) for (const [about, { wasDone }] of this.#pending) if (wasDone) this.#pending.delete(about);
    return true;
  }

  async #replayOne(about: string | Epoch, pending: Pending): Promise<boolean> {
    const { invalidation, notBefore } = pending;
    if (this.#clock.now() <= notBefore) return false;
    if (!(await this.#do(invalidation))) return false;
    // What was done again meanwhile, by another failure, stays pending.
    if (this.#pending.get(about) === pending) this.#pending.delete(about);
    this.#replayed++;
    this.note(invalidation);
    this.#listener.onReplayed(invalidation);
    return true;
  }

  async #do(invalidation: Invalidation): Promise<boolean> {
    const shared = this.#shared;
    if (invalidation.kind === "epoch") {
      const { epoch, soft } = invalidation;
      return (await shared.bump(epoch as EpochName, soft)) === true;
    }
    const { fullKey, soft } = invalidation;
    if (soft) return (await shared.markStale(fullKey)) === true;
    const removed = await shared.remove(fullKey);
    return removed !== UNAVAILABLE && removed.existed !== undefined;
  }
}

/** What an invalidation is of. Ids and epochs cannot be taken for each other. */
function aboutOf(invalidation: Invalidation): string | Epoch {
  return invalidation.kind === "key" ? invalidation.id : invalidation.epoch;
}

/** Of two for the same thing, the one that ends more. */
function stronger(invalidation: Invalidation, older: Invalidation | undefined): Invalidation {
  return older !== undefined && !older.soft ? older : invalidation;
}
