// The tier that all processes share, as the engine uses it: guarded, with its clock, its trust and its bookkeeping.

import { PayloadCoder } from "../codec/payload.ts";
import type {
  Acquired,
  Authority,
  EpochName,
  NewFrame,
  ReadReply,
  SharedEpoch,
  Written,
} from "../contracts/authority.ts";
import type { Bus } from "../contracts/bus.ts";
import type { Clock } from "../contracts/clock.ts";
import type { RemoteTier, RemoteTierPlan, TierUsage } from "../contracts/remote.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Epoch } from "../model/epoch.ts";
import { fullKey as toFullKey } from "../model/key.ts";
import type { PayloadSettings } from "../model/payload-options.ts";
import type { Spans } from "../model/policy.ts";
import { randomBytes } from "../model/random.ts";
import { ServerClock } from "../model/server-clock.ts";
import type { Target } from "./engine.ts";
import { latencyOf, UNAVAILABLE, type Guard, type Operation, type Unavailable } from "./guard.ts";
import type { Lookups } from "./lookup.ts";
import type { Recovery } from "./recovery.ts";
import type { SetBatch } from "./set-batch.ts";
import { SyncTier } from "./sync-tier.ts";
import type { Trust } from "./trust.ts";
import type { Waiters } from "./waiters.ts";
import { WriteOrder } from "./write-order.ts";

/** How long a lease lasts unless it is renewed, which happens every third of this. */
export const LEASE_MS: Milliseconds = 1_000;

/** An epoch as the authority tells it. */
export type ToldEpoch = SharedEpoch & { readonly since: Instant };

/** What a shared tier is made of. */
export interface SharedTierParts {
  readonly plan: RemoteTierPlan;
  readonly remote: RemoteTier;
  readonly authority: Authority;
  readonly root: string;
  readonly payload: PayloadSettings;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly trust: Trust;
}

/** Every question to the authority goes through here; none rejects. */
export class SharedTier {
  readonly name: string;
  readonly root: string;
  readonly maxAgeMs: Milliseconds;
  readonly timeoutMs: Milliseconds;
  readonly guard: Guard;
  readonly trust: Trust;
  readonly time: ServerClock;
  readonly bus: Bus | undefined;
  /** Turns values into payloads and back. */
  readonly payloads: PayloadCoder;
  // Set once, by whoever puts the engine together: they need the engine themselves.
  lookups!: Lookups;
  waiters!: Waiters;
  recovery!: Recovery;
  /** Only where the authority takes many sets at a time. */
  batch: SetBatch | undefined;
  /** From this instant on, no write that was sent can take effect any more that has not yet. */
  deadlinesUntil: Instant = -Infinity;
  /** Only where it answers at once. */
  readonly atOnce: SyncTier | undefined;
  readonly clock: Clock;
  onClose: () => void = () => undefined;
  readonly #parts: SharedTierParts;
  readonly #order: WriteOrder;
  /** Of this cache in this process. */
  readonly #id = randomBytes(9).toString("base64url");
  #tokens = 0;

  constructor(parts: SharedTierParts) {
    this.#parts = parts;
    const { plan, remote, root, guard, trust, clock } = parts;
    this.name = plan.name;
    this.root = root;
    this.maxAgeMs = plan.maxAgeMs;
    this.timeoutMs = plan.timeoutMs;
    this.guard = guard;
    this.trust = trust;
    this.time = new ServerClock(clock);
    this.#order = new WriteOrder(this.time, clock, trust, () => this.#serverNow());
    this.bus = remote.bus;
    this.payloads = new PayloadCoder(parts.payload);
    this.clock = clock;
    this.atOnce = remote.syncAuthority && new SyncTier(this, remote.syncAuthority);
  }

  fullKey(target: Target): string {
    return (target.fullKey ??= toFullKey(this.root, target.settings.namespace, target.key));
  }

  /** For who looks at it past the guard: what he asks is not counted, nor what comes of it. */
  get authority(): Authority {
    return this.#parts.authority;
  }

  /** Whether a lease is of this cache. */
  isOwnToken(token: string): boolean {
    return token.startsWith(`${this.#id}.`);
  }

  /** A token for a lease that nobody else has. */
  newToken(): string {
    return `${this.#id}.${++this.#tokens}`;
  }

  /** Waits for an answer, but not longer than the tier's timeout in all for one read: `spentMs` says how long it was. */
  async within<T>(read: { spentMs: Milliseconds }, answer: Promise<T>): Promise<T | Unavailable> {
    const { clock } = this.#parts;
    const begunAt = clock.now();
    // The tier keeps to its timeout by itself; a timer is for what was slow already.
    const isFresh = read.spentMs < this.timeoutMs / 8;
    const reply = await (isFresh ? answer : this.#race(answer, this.timeoutMs - read.spentMs));
    read.spentMs += clock.now() - begunAt;
    return reply;
  }

  /**
   * Whether it is known not to answer, so that nothing needs to be tried. Without a bus somebody has to, or nobody
   * would notice that it is back.
   */
  get isAway(): boolean {
    return this.bus !== undefined && this.guard.breakers.isAway;
  }

  /** Whether a copy in memory may be served without asking it: because that is trusted, or because it does not answer. */
  spares(entry: Entry): boolean {
    return this.trust.covers(entry) || this.isAway;
  }

  /** Whether it has answered what it was asked last. */
  get isAnswering(): boolean {
    return this.guard.lastError === undefined && !this.guard.breakers.isAway;
  }

  /** Without a promise where the authority answers at once. */
  read(fullKey: string, unknown: readonly EpochName[]): ReadReply | Promise<ReadReply | Unavailable> {
    const { remote, authority } = this.#parts;
    const ask = (): ReadReply | Promise<ReadReply | Unavailable> =>
      this.guard.run(remote.shardOf(fullKey), "read", () => authority.read(fullKey, unknown), undefined, fullKey);
    if (!this.#order.isHolding) return ask();
    const begunAt = this.clock.now();
    return this.#order.behind(() => this.withinRest(begunAt, ask()));
  }

  /** Within what is left of the tier's timeout since an instant. */
  withinRest<T>(begunAt: Instant, answer: T | Promise<T>): T | Promise<T | Unavailable> {
    const spentMs = this.clock.now() - begunAt;
    return answer instanceof Promise ? this.within({ spentMs }, answer) : answer;
  }

  /** Never asked for none. */
  epochs(names: readonly Epoch[]): Promise<readonly ToldEpoch[] | Unavailable> {
    const [first] = names as readonly EpochName[];
    return this.#ask(first as EpochName, "epochs", (authority) => authority.epochs(names as readonly EpochName[]));
  }

  acquire(fullKey: string, token: string, version: string | undefined): Promise<Acquired | Unavailable> {
    return this.#ask(fullKey, "acquire", (authority) => authority.acquire(fullKey, token, version, LEASE_MS));
  }

  renew(fullKey: string, token: string): Promise<boolean | Unavailable> {
    return this.#ask(fullKey, "renew", (authority) => authority.renew(fullKey, token, LEASE_MS));
  }

  release(fullKey: string, token: string): Promise<void | Unavailable> {
    return this.#ask(fullKey, "release", (authority) => authority.release(fullKey, token));
  }

  fill(fullKey: string, token: string, frame: Uint8Array, spans: Spans): Promise<Written | Unavailable> {
    return this.#write(fullKey, "fill", isWrittenLate, (authority, deadline) =>
      authority.fill(fullKey, token, frame, spans, deadline),
    );
  }

  set(fullKey: string, frame: Uint8Array, spans: Spans): Promise<Written | Unavailable> {
    return this.#write(fullKey, "set", isWrittenLate, (authority, deadline) =>
      authority.set(fullKey, frame, spans, deadline),
    );
  }

  get takesMany(): boolean {
    return this.#parts.authority.setMany !== undefined;
  }

  /** Several sets, in their order, by an authority that takes many. Answers of each what it came to. */
  async setMany(sets: readonly NewFrame[]): Promise<readonly (Written | Unavailable)[]> {
    const [{ fullKey }] = sets as readonly [NewFrame];
    const outcomes = await this.#write(
      fullKey,
      "set",
      areWrittenLate,
      (authority, deadline) => (authority as Required<Authority>).setMany(sets, deadline),
      sets.length === 1 ? fullKey : undefined,
    );
    if (outcomes === UNAVAILABLE) return sets.map(() => UNAVAILABLE);
    const failures = outcomes.filter((outcome) => outcome instanceof Error);
    this.guard.noteSets(this.shardOf(fullKey), outcomes.length - failures.length, failures);
    return failures.length === 0
      ? (outcomes as readonly Written[])
      : outcomes.map((outcome) => (outcome instanceof Error ? UNAVAILABLE : outcome));
  }

  discard(fullKey: string, token: string): Promise<"done" | "fenced" | "late" | Unavailable> {
    return this.#write(fullKey, "discard", isDiscardedLate, (authority, deadline) =>
      authority.discard(fullKey, token, deadline),
    );
  }

  remove(fullKey: string): Promise<{ readonly existed: boolean | undefined } | Unavailable> {
    return this.#write(fullKey, "remove", isRemovedLate, (authority, deadline) => authority.remove(fullKey, deadline));
  }

  markStale(fullKey: string): Promise<boolean | Unavailable> {
    return this.#write(fullKey, "markStale", isFalse, (authority, deadline) => authority.markStale(fullKey, deadline));
  }

  bump(name: EpochName, soft: boolean): Promise<boolean | Unavailable> {
    return this.#write(name, "bump", isFalse, (authority, deadline) => authority.bump(name, soft, deadline));
  }

  announce(namespace: string | undefined, pattern: string): Promise<boolean | Unavailable> {
    const root = { kind: "root" } as const;
    return this.#write(root, "announce", isFalse, (authority, deadline) =>
      authority.announce(namespace, pattern, deadline),
    );
  }

  identity(): Promise<string | undefined | Unavailable> {
    return this.#ask({ kind: "root" }, "identity", (authority) => authority.identity());
  }

  /** How long it takes to answer; `undefined` when it does not. */
  ping(): Promise<Milliseconds | undefined> {
    return latencyOf(this.clock, () => this.#serverNow());
  }

  /** Which server something is on, as a label. */
  shardOf(about: string | EpochName): string {
    return this.#parts.remote.shardOf(about);
  }

  /** What its connection failed of last; `undefined` while there is one. */
  problem(): unknown {
    return this.#parts.remote.problem();
  }

  /** How full it is, if that is known. */
  get usage(): TierUsage | undefined {
    return this.#parts.remote.usage?.();
  }

  /** What it does not do that others do; `undefined` where nothing is missing. */
  get limits(): string | undefined {
    return this.#parts.remote.limits;
  }

  /** Tries to write something that means nothing: after a refusal, to see whether it still refuses. */
  async tryToWrite(): Promise<void> {
    // The key of an empty name, which no user can have.
    const nothing = toFullKey(this.root, undefined, "");
    const token = this.newToken();
    await this.acquire(nothing, token, undefined);
    await this.release(nothing, token);
  }

  /** Full keys of frames, or of leases, that start with a prefix. Scans; rejects when it cannot go on. */
  keys(prefix: string): AsyncIterable<string> {
    return this.#parts.remote.tier.keys(prefix);
  }

  leases(prefix: string): AsyncIterable<string> {
    return this.#parts.authority.leases(prefix);
  }

  /** Whether writes wait for its clock: nothing that is called after them may overtake them. */
  get isHolding(): boolean {
    return this.#order.isHolding;
  }

  /** Makes sure that the clock of the authority is known, and renews old knowledge on the side. */
  sync(): Promise<void> | undefined {
    return this.#order.sync();
  }

  /** Ends it: from now on it answers nothing. */
  async close(): Promise<void> {
    this.recovery.stop();
    this.onClose();
    this.trust.lose("the cache was closed");
    await this.#parts.remote.close();
  }

  #race<T>(answer: Promise<T>, leftMs: Milliseconds): Promise<T | Unavailable> {
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.schedule(Math.max(0, leftMs), () => resolve(UNAVAILABLE), true);
      answer.then(resolve, reject).finally(cancel);
    });
  }

  #serverNow(): Promise<Instant | Unavailable> {
    return this.#ask({ kind: "root" }, "now", (authority) => authority.now());
  }

  #ask<T>(
    about: string | EpochName,
    operation: Operation,
    work: (authority: Authority) => Promise<T>,
  ): Promise<T | Unavailable> {
    const { remote, authority } = this.#parts;
    const ask = (): Promise<T | Unavailable> =>
      this.guard.run(remote.shardOf(about), operation, () => work(authority), undefined, about);
    // What they wait for is the answer to this one.
    return this.#order.isHolding && operation !== "now" ? this.#order.behind(ask) : ask();
  }

  /**
   * With a deadline by the authority's clock, so that a write which times out here cannot take effect later there.
   * @param isLate whether a reply says that the deadline had passed
   * @param told what it is about, for whoever traces
   */
  #write<T>(
    about: string | EpochName,
    operation: Operation,
    isLate: (reply: T) => boolean,
    work: (authority: Authority, deadline: Instant) => Promise<T>,
    told: string | EpochName | undefined = about,
  ): Promise<T | Unavailable> {
    const ahead = this.#order.ahead();
    if (ahead === undefined) return this.#writeNow(about, operation, isLate, work, told);
    return this.#order.hold(ahead, () => this.#writeNow(about, operation, isLate, work, told));
  }

  #writeNow<T>(
    about: string | EpochName,
    operation: Operation,
    isLate: (reply: T) => boolean,
    work: (authority: Authority, deadline: Instant) => Promise<T>,
    told: string | EpochName | undefined,
  ): Promise<T | Unavailable> {
    const { remote, authority, clock } = this.#parts;
    const now = clock.now();
    const deadline = this.time.latestNow(now) + this.timeoutMs;
    this.deadlinesUntil = Math.max(this.deadlinesUntil, now + this.timeoutMs + this.time.widthMs(now));
    return this.guard.run(
      remote.shardOf(about),
      operation,
      () => work(authority, deadline),
      (reply) => {
        // Late although it was answered in time: the clock is not what it was taken for.
        if (isLate(reply)) this.time.forget();
      },
      told,
    );
  }
}

/** Whether the authority has what it was to write. */
export function isStored(written: Written | Unavailable): boolean {
  return written !== UNAVAILABLE && written.kind === "stored";
}

const isWrittenLate = ({ kind }: Written): boolean => kind === "late";
const areWrittenLate = (all: readonly (Written | Error)[]): boolean =>
  all.some((one) => !(one instanceof Error) && isWrittenLate(one));
const isRemovedLate = ({ existed }: { readonly existed: boolean | undefined }): boolean => existed === undefined;
const isDiscardedLate = (outcome: string): boolean => outcome === "late";
const isFalse = (isInTime: boolean): boolean => !isInTime;
