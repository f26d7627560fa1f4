// What an authority decides, each verb within one transaction and without waiting: for one cache.

import type { Acquired, EpochName, Inspected, NewFrame, ReadReply, Written } from "../contracts/authority.ts";
import type { BusMessage } from "../contracts/bus.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";
import { sizeOfEntry, type NewEntry } from "./entries.ts";
import type { FoundEpoch } from "./epochs.ts";
import { isFrame, readInstants, versionOf, writeInstants } from "./frame.ts";
import type { Touches } from "./touches.ts";
import type { Transaction } from "./write-queue.ts";

/** What the verbs of one cache go by. */
export interface VerbParts {
  /** What its full keys start with. */
  readonly root: string;
  readonly layout: FrameLayout;
  /** Who it is among those that write to the log. */
  readonly publisher: string;
  readonly maxBytes: number;
  readonly touches: Touches;
}

/** A frame to be stored, which need not be one. */
type Frame = Omit<NewFrame, "version"> & { readonly version: string | undefined };

/**
 * The same whether they are called for a promise or for an answer at once. Those that change something are given a
 * transaction to do it in; `read` and `knownEpochs` change nothing.
 */
export class SqliteVerbs {
  readonly #parts: VerbParts;

  constructor(parts: VerbParts) {
    this.#parts = parts;
  }

  /** The frame of a key. Its use is noted, which is written later. */
  frame({ store, now }: Transaction, fullKey: string): Uint8Array | undefined {
    const found = store.entries.find(fullKey, now);
    if (found === undefined) return undefined;
    this.#parts.touches.note(fullKey, found.usedAt, now);
    return found.frame;
  }

  /** The frame and the epochs, as long as all of these are there. */
  read(transaction: Transaction, fullKey: string, unknown: readonly EpochName[]): ReadReply | undefined {
    const frame = this.frame(transaction, fullKey);
    if (unknown.length === 0) return { frame, epochs: [] };
    const epochs = this.knownEpochs(transaction, unknown);
    return epochs && { frame, epochs };
  }

  /** The same, where epochs may be minted. */
  readAndMint(transaction: Transaction, fullKey: string, unknown: readonly EpochName[]): ReadReply {
    return { frame: this.frame(transaction, fullKey), epochs: this.mint(transaction, unknown) };
  }

  /** Epochs, as long as all of them are there. */
  knownEpochs(transaction: Transaction, names: readonly EpochName[]): FoundEpoch[] | undefined {
    const found = this.findEpochs(transaction, names);
    return found.every((epoch) => epoch !== undefined) ? found : undefined;
  }

  findEpochs({ store }: Transaction, names: readonly EpochName[]): (FoundEpoch | undefined)[] {
    return names.map((name) => store.epochs.find(this.#parts.root, name));
  }

  /** Frame and lease, without noting a use. */
  inspect({ store, now }: Transaction, fullKey: string): Inspected {
    const lease = store.leases.find(fullKey, now);
    return {
      now,
      frame: store.entries.find(fullKey, now)?.frame,
      lease: lease && { token: lease.token, remainingMs: lease.endsAt - now },
    };
  }

  mint({ store, now }: Transaction, names: readonly EpochName[]): FoundEpoch[] {
    return names.map((name) => store.epochs.mint(this.#parts.root, name, now));
  }

  acquire(
    { store, now }: Transaction,
    fullKey: string,
    token: string,
    knownVersion: string | undefined,
    leaseMs: Milliseconds,
  ): Acquired {
    const { layout } = this.#parts;
    const version = versionOf(store.entries.head(fullKey, layout.headerBytes, now), layout);
    if (version !== knownVersion) {
      const frame = version === undefined ? undefined : store.entries.find(fullKey, now)?.frame;
      return { kind: "changed", frame };
    }
    const lease = store.leases.find(fullKey, now);
    if (lease !== undefined && lease.token !== token) return { kind: "held", remainingMs: lease.endsAt - now };
    store.leases.put(fullKey, token, now + leaseMs);
    return { kind: "granted" };
  }

  renew({ store, now }: Transaction, fullKey: string, token: string, leaseMs: Milliseconds): boolean {
    if (store.leases.find(fullKey, now)?.token !== token) return false;
    store.leases.put(fullKey, token, now + leaseMs);
    return true;
  }

  release({ store, now }: Transaction, fullKey: string, token: string): void {
    if (store.leases.find(fullKey, now)?.token === token) store.leases.remove(fullKey);
  }

  /** @param frame its instants are written into it */
  fill(
    transaction: Transaction,
    fullKey: string,
    token: string,
    frame: Uint8Array,
    spans: Spans,
    deadline: Instant,
  ): Written {
    const { store, now } = transaction;
    if (now > deadline) return { kind: "late" };
    if (store.leases.find(fullKey, now)?.token !== token) return { kind: "fenced" };
    const createdAt = this.#store(transaction, [{ fullKey, frame, spans }]);
    const version = versionOf(frame, this.#parts.layout) ?? "";
    this.#publish(transaction, { kind: "filled", fullKey, version });
    return { kind: "stored", createdAt };
  }

  /** @param frame its instants are written into it */
  set(transaction: Transaction, fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Written {
    const version = versionOf(frame, this.#parts.layout);
    return this.#set(transaction, [{ fullKey, frame, version, spans }], deadline, true);
  }

  /**
   * Several, whose fate is the same. They are no news to who is answered with it.
   * @param sets the instants are written into their frames
   */
  setMany(transaction: Transaction, sets: readonly NewFrame[], deadline: Instant): Written {
    return this.#set(transaction, sets, deadline, false);
  }

  /** Whether there was one; `undefined` when it is too late. */
  remove(transaction: Transaction, fullKey: string, deadline: Instant): boolean | undefined {
    if (transaction.now > deadline) return undefined;
    return this.#end(transaction, fullKey);
  }

  discard(transaction: Transaction, fullKey: string, token: string, deadline: Instant): "done" | "fenced" | "late" {
    const { store, now } = transaction;
    if (now > deadline) return "late";
    if (store.leases.find(fullKey, now)?.token !== token) return "fenced";
    this.#end(transaction, fullKey);
    return "done";
  }

  markStale(transaction: Transaction, fullKey: string, deadline: Instant): boolean {
    const { store, now } = transaction;
    if (now > deadline) return false;
    const { layout } = this.#parts;
    const found = store.entries.find(fullKey, now);
    if (found !== undefined && isFrame(found.frame, layout)) {
      const [createdAt, freshUntil] = readInstants(found.frame, layout);
      const staleFrom = Math.floor(now);
      if (freshUntil > staleFrom) {
        writeInstants(found.frame, layout, [Math.min(createdAt, staleFrom), staleFrom]);
        store.entries.rewrite(fullKey, found.frame);
      }
    } else if (found !== undefined) {
      store.entries.remove(fullKey, now);
    }
    store.leases.remove(fullKey);
    this.#publish(transaction, { kind: "key", fullKey, version: undefined });
    return true;
  }

  announce(transaction: Transaction, namespace: string | undefined, pattern: string, deadline: Instant): boolean {
    if (transaction.now > deadline) return false;
    this.#publish(transaction, { kind: "matching", namespace, pattern });
    return true;
  }

  bump(transaction: Transaction, name: EpochName, soft: boolean, deadline: Instant): boolean {
    const { store, now } = transaction;
    if (now > deadline) return false;
    store.epochs.bump(this.#parts.root, name, soft, now);
    this.#publish(transaction, { kind: "epoch", name, soft });
    return true;
  }

  /** Holds bytes, as a tier does, in this order. What is larger than all that may be held goes at once. */
  hold({ store, now }: Transaction, entries: readonly NewEntry[]): void {
    const { maxBytes } = this.#parts;
    const tooLarge = entries.findIndex((entry) => sizeOfEntry(entry) > maxBytes);
    if (tooLarge < 0) return store.put(entries, now);
    store.put(entries.slice(0, tooLarge), now);
    store.entries.remove((entries[tooLarge] as NewEntry).key, now);
    this.hold({ store, now }, entries.slice(tooLarge + 1));
  }

  #set(transaction: Transaction, sets: readonly Frame[], deadline: Instant, isNews: boolean): Written {
    if (transaction.now > deadline) return { kind: "late" };
    const createdAt = this.#store(transaction, sets);
    for (const { fullKey, version } of sets) this.#publish(transaction, { kind: "key", fullKey, version }, isNews);
    return { kind: "stored", createdAt };
  }

  /** Instants count from a whole millisecond. */
  #store(transaction: Transaction, sets: readonly Omit<Frame, "version">[]): Instant {
    const createdAt = Math.floor(transaction.now);
    const entries = sets.map(({ fullKey, frame, spans: { freshMs, staleMs, errorMs } }) => {
      const instants = [createdAt, createdAt + freshMs, createdAt + staleMs, createdAt + errorMs];
      writeInstants(frame, this.#parts.layout, instants);
      return { key: fullKey, frame, endsAt: createdAt + errorMs };
    });
    this.hold(transaction, entries);
    for (const { fullKey } of sets) transaction.store.leases.remove(fullKey);
    return createdAt;
  }

  #end(transaction: Transaction, fullKey: string): boolean {
    const { store, now } = transaction;
    const existed = store.entries.remove(fullKey, now);
    store.leases.remove(fullKey);
    this.#publish(transaction, { kind: "key", fullKey, version: undefined });
    return existed;
  }

  #publish({ store, now }: Transaction, message: BusMessage, isNews = true): void {
    const { root, publisher } = this.#parts;
    store.log.append(root, publisher, message, now, isNews);
  }
}
