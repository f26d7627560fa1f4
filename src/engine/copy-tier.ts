// A tier of copies: what the authority holds, kept on this host as well, where it is near and outlives the process.

import { encodeFrame } from "../codec/frame-encode.ts";
import { FRAME_LAYOUT, readVersion } from "../codec/frame-layout.ts";
import { damageOf } from "../codec/payload-damage.ts";
import { PayloadCoder, type Payload } from "../codec/payload.ts";
import type { RemoteTier, TierUsage } from "../contracts/remote.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { isEnded } from "../model/epoch.ts";
import { compileGlob, literalPrefix } from "../model/glob.ts";
import { fullKey as toFullKey, fullKeyPrefix, readFullKey } from "../model/key.ts";
import { breakersOf } from "./breakers.ts";
import { CopyDoubts } from "./copy-doubts.ts";
import { CopyJudge } from "./copy-judge.ts";
import { decodeRecord, encodeRecord, type CopyRecord } from "./copy-record.ts";
import { CopyRuns } from "./copy-runs.ts";
import { envelopeOfCopy, stateOfCopy } from "./copy-times.ts";
import { encodeNow } from "./encode-now.ts";
import type { CopySettings, Engine, Target } from "./engine.ts";
import { Guard, latencyOf, UNAVAILABLE, type Operation, type Unavailable } from "./guard.ts";
import { reportDamage } from "./judge.ts";
import type { SharedTier } from "./shared-tier.ts";
import { TierTrace } from "./traced-tier.ts";

/** What is found under a key by who only looks. */
export interface CopyInspection {
  readonly bytes: Uint8Array | undefined;
  /** `undefined` for nothing, and for what is no copy. */
  readonly record: CopyRecord | undefined;
  /** Whether this process has made it. */
  readonly isOwnRun: boolean;
  /** Whether it counts as none: it is being replaced or dropped, or could not be. */
  readonly isInDoubt: boolean;
}

type Parts = Pick<
  Engine,
  "clock" | "random" | "observer" | "tracer" | "counters" | "epochs" | "memory" | "settings" | "tasks"
>;

/** A value on its way to being a copy; of `undefined` there will be none. */
export type CopyPayload = Promise<Payload | undefined> | undefined;

/**
 * Copies are like those in memory: used as they are while the bus has been live since they were made, which those of an
 * earlier run never were, and else only when the authority does not answer. What is done to the copy of a key is done
 * one after the other; until it has been, there is none.
 */
export class CopyTier {
  readonly name: string;
  /** Whether it is read before the authority. */
  readonly isFirst: boolean;
  readonly guard: Guard;
  readonly #parts: Parts;
  readonly #settings: CopySettings;
  readonly #remote: RemoteTier;
  readonly payloads: PayloadCoder;
  readonly #runs = new CopyRuns();
  readonly #judge: CopyJudge;
  /** The last thing to be done to the copy of a full key. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #doubts = new CopyDoubts(() => this.#runs.beginAnew());

  constructor(parts: Parts, settings: CopySettings) {
    const { plan, payload } = settings;
    this.#parts = parts;
    this.#settings = settings;
    this.name = plan.name;
    this.isFirst = settings.isFirst;
    const { clock, random, observer, tracer, counters } = parts;
    const breakers = breakersOf(plan, clock, random);
    const stopwatch = parts.settings.enableStats ? clock : undefined;
    this.#remote = plan.open({ root: settings.root, layout: FRAME_LAYOUT, clock, onReconnect: () => undefined });
    this.payloads = new PayloadCoder(payload);
    this.#judge = new CopyJudge({ engine: parts, runs: this.#runs, payloads: this.payloads, maxAgeMs: plan.maxAgeMs });
    const trace = tracer && new TierTrace(tracer, plan, settings.root, stateOfCopy);
    this.guard = new Guard({ plan, breakers, observer, counters: counters.copies, stopwatch, trace });
  }

  /** How full it is, if that is known. */
  get usage(): TierUsage | undefined {
    return this.#remote.usage?.();
  }

  /** Whether a call uses it. */
  isUsedBy({ settings }: Target): boolean {
    return settings.copies?.use === true;
  }

  /**
   * The copy of a key, if there is one that can be of use: how far it is to be believed, the caller judges. Never
   * rejects.
   */
  async look(shared: SharedTier, target: Target): Promise<Entry | undefined> {
    const fullKey = shared.fullKey(target);
    if (this.#isInDoubt(fullKey)) return undefined;
    const bytes = await this.#ask(fullKey, "read", ({ tier }) => tier.get(fullKey));
    if (bytes === UNAVAILABLE || bytes === undefined || this.#isInDoubt(fullKey)) return undefined;
    return this.#read(shared, target, fullKey, bytes);
  }

  /** The same at once, if the tier answers at once and the value can be read at once. */
  lookAtOnce(shared: SharedTier, target: Target): Entry | undefined {
    const fullKey = shared.fullKey(target);
    const { syncAuthority } = this.#remote;
    if (syncAuthority === undefined || this.#isInDoubt(fullKey)) return undefined;
    const reply = this.guard.runSync(
      this.#remote.shardOf(fullKey),
      "read",
      () => syncAuthority.read(fullKey, []),
      fullKey,
    );
    if (reply === UNAVAILABLE || reply.frame === undefined) return undefined;
    const read = this.#read(shared, target, fullKey, reply.frame);
    return read instanceof Promise ? undefined : read;
  }

  /** What stands under a key, as it is: nobody counts this, and no use is noted. Rejects where the tier does not answer. */
  async inspect(fullKey: string): Promise<CopyInspection> {
    const { authority, tier } = this.#remote;
    const inspected = authority?.inspect === undefined ? undefined : await authority.inspect(fullKey);
    const bytes = inspected === undefined ? await tier.get(fullKey) : inspected.frame;
    const record = bytes && decodeRecord(bytes);
    return {
      bytes,
      record,
      isOwnRun: record !== undefined && this.#runs.isOwn(record.run),
      isInDoubt: this.#isInDoubt(fullKey) || (record !== undefined && !this.#runs.isBelieved(record.run)),
    };
  }

  /** Which server a key is on, as the label of its breaker. */
  shardOf(fullKey: string): string {
    return this.#remote.shardOf(fullKey);
  }

  /** Copies of this age count no more. */
  get maxAgeMs(): Milliseconds {
    return this.#settings.plan.maxAgeMs;
  }

  /** A value as the bytes of a copy, as it is now: who has brought it may change it. `undefined` where this call keeps none. */
  encode(target: Target, value: unknown): CopyPayload {
    return this.isUsedBy(target) ? encode(this.payloads, value) : undefined;
  }

  /**
   * Keeps a copy of what the authority holds.
   * @param encoded what `encode` has made of the value, where it was brought some time ago
   */
  keep(shared: SharedTier, target: Target, entry: Entry, encoded?: CopyPayload): void {
    const { clock, epochs } = this.#parts;
    const maxAgeMs = Math.min(this.#settings.plan.maxAgeMs, target.settings.copies?.maxAgeMs ?? 0);
    const lifeMs = Math.min(entry.errorMs, maxAgeMs) - (clock.now() - entry.createdAt);
    if (!this.isUsedBy(target) || entry.version === undefined || !shared.time.isKnown || !(lifeMs > 0)) return;
    const fullKey = shared.fullKey(target);
    // At once: who has been given the value may change it.
    const encoding = encoded ?? encode(this.payloads, entry.value);
    const envelope = envelopeOfCopy(shared, entry);
    const offsetMs = shared.time.latestNow() - Date.now();
    this.#enqueue(fullKey, async () => {
      const payload = await encoding;
      if (payload === undefined || epochs.hasCleared(entry) || isEnded(entry)) return;
      const { codecId, bytes, isCompressed } = payload;
      const frame = encodeFrame(fullKey, envelope, codecId, bytes, isCompressed, this.payloads.seal);
      const record = encodeRecord(this.#runs.own, entry.asOf, offsetMs, frame);
      const stored = await this.#ask(fullKey, "set", ({ tier }) => tier.set(fullKey, record, lifeMs));
      if (stored === UNAVAILABLE) this.#doubts.add(fullKey);
      else this.#doubts.settle(fullKey);
    });
  }

  /** The copy of a key is of no use any more. */
  drop(fullKey: string): void {
    this.#enqueue(fullKey, () => this.#drop(fullKey));
  }

  /** The same, unless it is of this version. */
  dropOthers(fullKey: string, version: string): void {
    this.#enqueue(fullKey, async () => {
      const bytes = await this.#ask(fullKey, "read", ({ tier }) => tier.get(fullKey));
      const record = bytes === UNAVAILABLE || bytes === undefined ? undefined : decodeRecord(bytes);
      if (bytes === undefined || (record !== undefined && readVersion(record.frame) === version)) return;
      await this.#drop(fullKey);
    });
  }

  /** The copies of all keys of a namespace that match a pattern. They count as dropped at once. */
  dropMatching(namespace: string | undefined, pattern: string): void {
    const { root } = this.#settings;
    const matches = compileGlob(pattern);
    const isMeant = (fullKey: string): boolean => {
      const names = readFullKey(root, fullKey);
      return names !== undefined && names.namespace === namespace && matches(names.key);
    };
    this.#doubts.addPattern(isMeant);
    const prefix = fullKeyPrefix(root, namespace, literalPrefix(pattern));
    this.#parts.tasks.own(this.#dropAll(isMeant, prefix), () => undefined);
  }

  /** How long it takes to answer; `undefined` when it does not. */
  ping(): Promise<Milliseconds | undefined> {
    // The key of an empty name, which no user can have.
    const nothing = toFullKey(this.#settings.root, undefined, "");
    return latencyOf(this.#parts.clock, () => this.#ask(nothing, "read", ({ tier }) => tier.get(nothing)));
  }

  /** Waits for what is under way, and ends it. */
  async close(): Promise<void> {
    await Promise.all(this.#busy.values());
    await this.#remote.close();
  }

  async #dropAll(isMeant: (fullKey: string) => boolean, prefix: string): Promise<void> {
    const walk = async (): Promise<void> => {
      for await (const fullKey of this.#remote.tier.keys(prefix)) if (isMeant(fullKey)) this.drop(fullKey);
    };
    // Copies that are being written are not found before they have been.
    await Promise.all(this.#busy.values());
    const walked = await this.guard.run(this.#remote.shardOf(prefix), "remove", walk);
    await Promise.all(this.#busy.values());
    // Where the walk failed some may still be there: the pattern stays.
    if (walked !== UNAVAILABLE) this.#doubts.settlePattern(isMeant);
  }

  /** Of what can be read at once, at once. What is damaged is reported and dropped. */
  #read(
    shared: SharedTier,
    target: Target,
    fullKey: string,
    bytes: Uint8Array,
  ): Entry | undefined | Promise<Entry | undefined> {
    const damaged = (error: unknown): undefined => {
      reportDamage(this.#parts, this.name, target, damageOf(error));
      this.drop(fullKey);
    };
    try {
      const judging = this.#judge.judge(shared, target, bytes);
      return judging instanceof Promise ? judging.catch(damaged) : judging;
    } catch (error) {
      return damaged(error);
    }
  }

  #isInDoubt(fullKey: string): boolean {
    return this.#busy.has(fullKey) || this.#doubts.has(fullKey);
  }

  async #drop(fullKey: string): Promise<void> {
    const dropped = await this.#ask(fullKey, "remove", ({ tier }) => tier.delete(fullKey));
    if (dropped === UNAVAILABLE) this.#doubts.add(fullKey);
    else this.#doubts.settle(fullKey);
  }

  #enqueue(fullKey: string, work: () => Promise<void>): void {
    const before = this.#busy.get(fullKey);
    const mine = (before === undefined ? work() : before.then(work)).catch(() => this.#doubts.add(fullKey));
    this.#busy.set(fullKey, mine);
    void mine.then(() => {
      if (this.#busy.get(fullKey) === mine) this.#busy.delete(fullKey);
    });
  }

  #ask<T>(fullKey: string, operation: Operation, work: (remote: RemoteTier) => Promise<T>): Promise<T | Unavailable> {
    return this.guard.run(this.#remote.shardOf(fullKey), operation, () => work(this.#remote), undefined, fullKey);
  }
}

/** A value as bytes; `undefined` for one that bytes cannot carry, which the authority has not got either. */
async function encode(payloads: PayloadCoder, value: unknown): Promise<Payload | undefined> {
  try {
    return await encodeNow(payloads, value);
  } catch {
    return undefined;
  }
}
