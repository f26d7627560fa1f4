// A tier of copies: what the authority holds, kept on this host as well, where it is near and outlives the process.

import { decodeFrame } from "../codec/frame-decode.ts";
import { encodeFrame } from "../codec/frame-encode.ts";
import { FRAME_LAYOUT, readVersion, type Envelope } from "../codec/frame-layout.ts";
import { damageOf } from "../codec/payload-damage.ts";
import { PayloadCoder, type Payload } from "../codec/payload.ts";
import type { RemoteTier } from "../contracts/remote.ts";
import type { Instant } from "../model/duration.ts";
import { Entry, isTooOld, stateOf } from "../model/entry.ts";
import { isEnded } from "../model/epoch.ts";
import { compileGlob, literalPrefix } from "../model/glob.ts";
import { fullKeyPrefix, readFullKey } from "../model/key.ts";
import { randomBytes } from "../model/random.ts";
import { TierCounters } from "../observe/stats.ts";
import { decodeRecord, encodeRecord, type CopyRecord } from "./copy-record.ts";
import type { CopySettings, Engine, Target } from "./engine.ts";
import { breakersOf, Guard, UNAVAILABLE, type Operation, type Unavailable } from "./guard.ts";
import { ownValue, reportDamage } from "./judge.ts";
import type { SharedTier } from "./shared-tier.ts";

/** Keys whose copies could not be dropped, and patterns the same; more than these make all copies worthless. */
const MAX_DOUBTS = 10_000;

type Parts = Pick<Engine, "clock" | "random" | "observer" | "epochs" | "memory" | "settings" | "tasks">;

/**
 * Copies are like those in memory: used as they are while the bus has been live since they were made, which those of an
 * earlier run never were, and else only when the authority does not answer. What is done to the copy of a key is done
 * one after the other; until it has been, there is none.
 */
export class CopyTier {
  readonly name: string;
  /** Whether it is read before the authority. */
  readonly isFirst: boolean;
  readonly counters: TierCounters = new TierCounters();
  readonly guard: Guard;
  readonly #parts: Parts;
  readonly #settings: CopySettings;
  readonly #remote: RemoteTier;
  readonly #payloads: PayloadCoder;
  /** Of this process; another one when it cannot vouch for its copies any more. */
  #run = newRun();
  /** The last thing to be done to the copy of a full key. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #undropped = new Set<string>();
  readonly #patterns = new Set<(fullKey: string) => boolean>();
  /** Too much could not be dropped: nobody knows any more which copies are good. */
  #isBlind = false;

  constructor(parts: Parts, settings: CopySettings) {
    const { plan, payload } = settings;
    this.#parts = parts;
    this.#settings = settings;
    this.name = plan.name;
    this.isFirst = settings.isFirst;
    const { clock, random, observer } = parts;
    this.#remote = plan.open({ root: settings.root, layout: FRAME_LAYOUT, clock, onReconnect: () => undefined });
    this.#payloads = new PayloadCoder(payload);
    this.guard = new Guard(plan.name, breakersOf(plan, clock, random), observer, this.counters);
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
    try {
      return await this.#read(shared, target, fullKey, bytes);
    } catch {
      return undefined;
    }
  }

  /** Keeps a copy of what the authority holds. */
  keep(shared: SharedTier, target: Target, entry: Entry): void {
    const { clock } = this.#parts;
    const maxAgeMs = Math.min(this.#settings.plan.maxAgeMs, target.settings.copies?.maxAgeMs ?? 0);
    const lifeMs = Math.min(entry.errorMs, maxAgeMs) - (clock.now() - entry.createdAt);
    if (!this.isUsedBy(target) || entry.version === undefined || !shared.time.isKnown || !(lifeMs > 0)) return;
    const fullKey = shared.fullKey(target);
    // At once: who has been given the value may change it.
    const encoding = encode(this.#payloads, entry.value);
    const envelope = envelopeOf(shared, entry);
    const offsetMs = shared.time.latestNow() - Date.now();
    const run = this.#run;
    this.#enqueue(fullKey, async () => {
      const payload = await encoding;
      if (payload === undefined || this.#isEnded(entry)) return;
      const { codecId, bytes, isCompressed } = payload;
      const frame = encodeFrame(fullKey, envelope, codecId, bytes, isCompressed, this.#payloads.seal);
      const record = encodeRecord(run, entry.asOf, offsetMs, frame);
      const stored = await this.#ask(fullKey, "set", ({ tier }) => tier.set(fullKey, record, lifeMs));
      if (stored === UNAVAILABLE) this.#doubt(fullKey);
      else this.#undropped.delete(fullKey);
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
    this.#patterns.add(isMeant);
    if (this.#patterns.size > MAX_DOUBTS) this.#isBlind = true;
    const prefix = fullKeyPrefix(root, namespace, literalPrefix(pattern));
    this.#parts.tasks.own(this.#dropAll(isMeant, prefix), () => undefined);
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
    const walked = await this.guard.run(this.#remote.shardOf(prefix), "remove", walk);
    await Promise.all(this.#busy.values());
    // Where the walk failed some may still be there: the pattern stays.
    if (walked !== UNAVAILABLE) this.#patterns.delete(isMeant);
  }

  async #read(shared: SharedTier, target: Target, fullKey: string, bytes: Uint8Array): Promise<Entry | undefined> {
    const { epochs, memory, clock, settings } = this.#parts;
    const record = decodeRecord(bytes);
    const frame = record && decodeFrame(fullKey, record.frame);
    if (record === undefined || frame?.kind !== "frame") {
      this.#damaged(target, fullKey, frame?.kind === "damaged" ? frame.reason : "foreign");
      return undefined;
    }
    const { envelope } = frame;
    const stamp = {
      // Of another run nothing is known but that it was before all that this one has heard.
      asOf: record.run === this.#run ? record.asOf : 0,
      namespaceEpoch: epochs.namespace(target.settings.namespace),
      tags: epochs.tags(envelope.tags.map(({ name }) => name)),
    };
    const createdAt = createdHere(shared, envelope, record, clock.now());
    const spans = {
      freshMs: envelope.freshUntil - envelope.createdAt,
      staleMs: envelope.staleUntil - envelope.createdAt,
      errorMs: envelope.errorUntil - envelope.createdAt,
    };
    const access = settings.trackAccess ? { hitCount: 0, lastAccessedAt: undefined } : undefined;
    const { version, loadMs } = envelope;
    const made = (value: unknown): Entry => new Entry(value, createdAt, spans, stamp, loadMs, version, access);
    const copy = memory.peek(target.id);
    const isSame = copy !== undefined && copy.version === version && !this.#payloads.isSealed;
    let value: unknown;
    try {
      value = isSame ? copy.value : ownValue(this.#parts, await this.#payloads.decode(frame));
    } catch (error) {
      this.#damaged(target, fullKey, damageOf(error));
      return undefined;
    }
    // As with all that another release of the program may have stored.
    if ((await settings.validate?.(value)) !== undefined) return undefined;
    const entry = made(value);
    const isOver = this.#isEnded(entry) || stateOf(entry, clock.now()) === "expired";
    return isOver || isTooOld(entry, clock.now(), this.#settings.plan.maxAgeMs) ? undefined : entry;
  }

  #isEnded(entry: Entry): boolean {
    return this.#parts.epochs.clearedAt > entry.asOf || isEnded(entry);
  }

  #isInDoubt(fullKey: string): boolean {
    if (this.#isBlind || this.#busy.has(fullKey) || this.#undropped.has(fullKey)) return true;
    for (const isMeant of this.#patterns) if (isMeant(fullKey)) return true;
    return false;
  }

  async #drop(fullKey: string): Promise<void> {
    const dropped = await this.#ask(fullKey, "remove", ({ tier }) => tier.delete(fullKey));
    if (dropped === UNAVAILABLE) this.#doubt(fullKey);
    else this.#undropped.delete(fullKey);
  }

  /** An old copy may still be there. Who restarts this process would find it, but not believe it. */
  #doubt(fullKey: string): void {
    this.#undropped.add(fullKey);
    if (this.#undropped.size > MAX_DOUBTS) this.#isBlind = true;
  }

  #damaged(target: Target, fullKey: string, reason: Parameters<typeof reportDamage>[3]): void {
    reportDamage(this.#parts, this.name, target, reason);
    this.drop(fullKey);
  }

  #enqueue(fullKey: string, work: () => Promise<void>): void {
    const before = this.#busy.get(fullKey);
    const mine = (before === undefined ? work() : before.then(work)).catch(() => this.#doubt(fullKey));
    this.#busy.set(fullKey, mine);
    void mine.then(() => {
      if (this.#busy.get(fullKey) === mine) this.#busy.delete(fullKey);
    });
  }

  #ask<T>(fullKey: string, operation: Operation, work: (remote: RemoteTier) => Promise<T>): Promise<T | Unavailable> {
    return this.guard.run(this.#remote.shardOf(fullKey), operation, () => work(this.#remote));
  }
}

function newRun(): string {
  return randomBytes(8).toString("hex");
}

/** A value as bytes; `undefined` for one that bytes cannot carry, which the authority has not got either. */
async function encode(payloads: PayloadCoder, value: unknown): Promise<Payload | undefined> {
  try {
    return await payloads.encode(value);
  } catch {
    return undefined;
  }
}

/** Instants by the authority's clock: the earliest that they can be, so that freshness ends early rather than late. */
function envelopeOf(shared: SharedTier, entry: Entry): Envelope {
  const createdAt = shared.time.earliestAt(entry.createdAt);
  const { freshMs, staleMs, errorMs, loadMs, tags } = entry;
  return {
    createdAt,
    freshUntil: createdAt + freshMs,
    staleUntil: createdAt + staleMs,
    errorUntil: createdAt + errorMs,
    version: entry.version as string,
    loadMs,
    negative: false,
    // What ends a copy is heard of, or nobody believes it: epochs are the authority's.
    rootEpoch: NO_EPOCH,
    namespaceEpoch: NO_EPOCH,
    tags: (tags ?? []).map(({ name }) => ({ name: name as string, ...NO_EPOCH })),
  };
}

const NO_EPOCH = { hard: "", soft: "" };

function createdHere(shared: SharedTier, { createdAt }: Envelope, { offsetMs }: CopyRecord, now: Instant): Instant {
  if (shared.time.isKnown) return shared.time.toLocal(createdAt);
  return Math.min(now, now - (Date.now() + offsetMs - createdAt));
}
