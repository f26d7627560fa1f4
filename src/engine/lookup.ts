// Looking a key up in the shared tier: one question at a time for each key, and its answer judged and promoted.

import type { EpochName, ReadReply, SharedEpoch } from "../contracts/authority.ts";
import { maxAgeIn } from "../model/call.ts";
import type { Instant } from "../model/duration.ts";
import { isEnded, type Epoch } from "../model/epoch.ts";
import { cappedTo, isTooOld, isUsable, type Entry } from "../model/entry.ts";
import type { EpochUser } from "./epochs.ts";
import type { CopyTier } from "./copy-tier.ts";
import type { Engine, Target } from "./engine.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { judge, stampRead, GATED, UNKNOWN, type ReadStamp, type Verdict } from "./judge.ts";
import { knownEpoch, learn } from "./shared-epochs.ts";
import type { SharedTier } from "./shared-tier.ts";
import { reportVerified, suspectInMemory, type Suspect } from "./verify.ts";

/** How often an answer that an invalidation has overtaken is asked for again; then the key counts as absent. */
const MAX_TRIES = 3;

/** One question under way. */
class Lookup {
  readonly target: Target;
  readonly stamp: ReadStamp;
  readonly triesLeft: number;
  /** An invalidation of the key has overtaken it: nobody joins, and its answer does not count. */
  fenced = false;
  /** The question to be asked after this one, by those who must not be given its answer. */
  next: Promise<Verdict> | undefined = undefined;
  /** The copy that it verifies on the way, where that is to be told. */
  suspect: Suspect | undefined;
  #answer: Promise<Verdict> | undefined;
  #settle: ((verdict: Verdict | Promise<Verdict>) => void) | undefined;

  constructor(target: Target, stamp: ReadStamp, triesLeft: number) {
    this.target = target;
    this.stamp = stamp;
    this.triesLeft = triesLeft;
  }

  /** What those share who come later. Most often nobody does, so where the answer is there already it is made for them. */
  get answer(): Promise<Verdict> {
    return (this.#answer ??= new Promise((resolve) => (this.#settle = resolve)));
  }

  set answer(answer: Promise<Verdict>) {
    this.#answer = answer;
  }

  /** It has been answered at once, and come to this. */
  settle(verdict: Verdict | Promise<Verdict>): void {
    this.#settle?.(verdict);
  }
}

/** The questions of one cache. */
export class Lookups {
  readonly #engine: Engine;
  readonly #shared: SharedTier;
  readonly #byId = new Map<string, Lookup>();
  readonly #fenced = new Set<Lookup>();

  constructor(engine: Engine, shared: SharedTier) {
    this.#engine = engine;
    this.#shared = shared;
  }

  /** Everything under way that refers to epochs. */
  *epochUsers(): Generator<EpochUser, void, undefined> {
    for (const { stamp } of this.#byId.values()) yield stamp;
    for (const { stamp } of this.#fenced) yield stamp;
  }

  /** Looks a key up. */
  look(target: Target, triesLeft: number = MAX_TRIES): Promise<Verdict> {
    return this.lookAnd(target, itself, triesLeft);
  }

  /**
   * Looks a key up, and goes on with what that comes to. Callers share a question that was asked before they came only while the
   * bus is live: it tells of what has changed since. Otherwise they share the next one.
   */
  lookAnd<T>(target: Target, goOn: (verdict: Verdict) => T | Promise<T>, triesLeft: number = MAX_TRIES): Promise<T> {
    const { recovery, trust } = this.#shared;
    const stamp = stampRead(this.#engine, target);
    if (recovery.gates(target.id, [this.#engine.epochs.root, stamp.namespaceEpoch])) {
      return Promise.resolve(this.#shared.isAnswering ? GATED : UNKNOWN).then(goOn);
    }
    const running = this.#byId.get(target.id);
    if (running === undefined) return this.#begin(new Lookup(target, stamp, triesLeft), goOn);
    if (running.stamp.asOf >= trust.since && trust.isUp) return running.answer.then(goOn);
    running.next ??= running.answer.then(() => this.look(target, triesLeft));
    return running.next.then(goOn);
  }

  /** An invalidation or a write of the key: what was read before does not count. */
  fence(id: string): void {
    const lookup = this.#byId.get(id);
    if (lookup === undefined) return;
    lookup.fenced = true;
    this.#byId.delete(id);
    this.#fenced.add(lookup);
  }

  /** The same for all that a predicate picks. */
  fenceWhere(matches: (id: string, stamp: ReadStamp) => boolean): void {
    for (const [id, { stamp }] of this.#byId) if (matches(id, stamp)) this.fence(id);
  }

  #begin<T>(lookup: Lookup, goOn: (verdict: Verdict) => T | Promise<T>): Promise<T> {
    const { copies } = this.#engine;
    const isNear = copies !== undefined && copies.isFirst && copies.isUsedBy(lookup.target);
    lookup.suspect = suspectInMemory(this.#engine, lookup.target);
    const asked = isNear ? this.#askNear(copies, lookup) : this.#ask(lookup);
    this.#byId.set(lookup.target.id, lookup);
    if (asked instanceof Promise) {
      lookup.answer = asked;
      return asked.then(goOn);
    }
    // Whoever comes before that shares it.
    return AT_ONCE.then(() => {
      const verdict = this.#conclude(lookup, asked);
      lookup.settle(verdict);
      return verdict instanceof Promise ? verdict.then(goOn) : goOn(verdict);
    });
  }

  /** A copy on this host, if nothing can have happened to it; else the authority is asked. */
  async #askNear(copies: CopyTier, lookup: Lookup): Promise<Verdict> {
    const { trust } = this.#shared;
    const entry = trust.isUp ? await copies.look(this.#shared, lookup.target) : undefined;
    const isGood = entry !== undefined && trust.covers(entry) && isUsableBy(this.#engine, lookup.target, entry);
    if (isGood && !lookup.fenced) return this.#conclude(lookup, { kind: "found", entry, tier: copies.name });
    if (entry !== undefined && !trust.covers(entry)) {
      lookup.suspect ??= { tier: copies.name, version: entry.version };
    }
    const asked = this.#ask(lookup);
    return asked instanceof Promise ? asked : this.#conclude(lookup, asked);
  }

  /** Asks, along with the frame, for the epochs that the table does not know. A verdict that is there at once is still to be concluded, a promised one has been. */
  #ask(lookup: Lookup): Verdict | Promise<Verdict> {
    const shared = this.#shared;
    const { target, stamp } = lookup;
    const unknown = this.#unknownOf(stamp);
    const syncing = shared.sync();
    const read = (): ReadReply | Promise<ReadReply | Unavailable> =>
      shared.read(shared.fullKey(target), unknown as readonly EpochName[]);
    // What has been called for the key reaches the authority in that order, a question too.
    const earlier = this.#engine.flights.sentBefore(target.id, Infinity);
    const reading = earlier === undefined ? read() : this.#readBehind(earlier, read);
    if (syncing === undefined && !(reading instanceof Promise)) {
      const verdict = this.#judge(lookup, unknown, reading);
      return verdict instanceof Promise ? this.#take(lookup, verdict, this.#engine.clock.now()) : verdict;
    }
    const begunAt = this.#engine.clock.now();
    const ready = (async () => {
      const reply = await reading;
      if (syncing !== undefined) await syncing;
      return reply;
    })();
    return ready.then((reply) => {
      const verdict = this.#judge(lookup, unknown, reply);
      return verdict instanceof Promise ? this.#take(lookup, verdict, begunAt) : this.#conclude(lookup, verdict);
    });
  }

  /** Where the authority has failed those who came before, it is not waited for a second time. */
  async #readBehind(
    earlier: Promise<unknown>,
    read: () => ReadReply | Promise<ReadReply | Unavailable>,
  ): Promise<ReadReply | Unavailable> {
    const begunAt = this.#engine.clock.now();
    await earlier;
    return this.#shared.isAnswering ? read() : this.#shared.withinRest(begunAt, read());
  }

  #take(lookup: Lookup, verdict: Promise<Verdict>, begunAt: Instant): Promise<Verdict> {
    const budget = { spentMs: this.#engine.clock.now() - begunAt };
    return this.#shared
      .within(budget, verdict)
      .catch(() => UNKNOWN)
      .then((judged) => this.#conclude(lookup, judged === UNAVAILABLE ? UNKNOWN : judged));
  }

  #unknownOf({ namespaceEpoch }: ReadStamp): readonly Epoch[] {
    const { root } = this.#engine.epochs;
    const { trust } = this.#shared;
    const isRootKnown = knownEpoch(root, trust) !== undefined;
    if (knownEpoch(namespaceEpoch, trust) !== undefined) return isRootKnown ? NO_EPOCHS : [root];
    return isRootKnown ? [namespaceEpoch] : [root, namespaceEpoch];
  }

  /** Never throws: what it failed of, nobody can tell. */
  #judge(
    { target, stamp }: Lookup,
    unknown: readonly Epoch[],
    reply: ReadReply | Unavailable,
  ): Verdict | Promise<Verdict> {
    const shared = this.#shared;
    if (reply === UNAVAILABLE) return UNKNOWN;
    if (!shared.time.isKnown) return GATED;
    try {
      if (unknown.length > 0) learn(this.#engine, unknown, reply.epochs, stamp.asOf);
      if (reply.frame === undefined) return NOTHING;
      const told = unknown.length === 0 ? NONE : pair(unknown, reply.epochs);
      return judge(this.#engine, shared, target, reply.frame, stamp, told);
    } catch {
      return UNKNOWN;
    }
  }

  #conclude(lookup: Lookup, verdict: Verdict): Verdict | Promise<Verdict> {
    const { target, stamp, triesLeft } = lookup;
    const { copies } = this.#engine;
    if (verdict.kind === "unavailable" && copies?.isUsedBy(target) === true) return this.#fallBack(copies, lookup);
    const fenced = this.#leave(lookup);
    if (verdict.kind === "unavailable" || verdict.kind === "gated") return verdict;
    if (fenced || this.#engine.epochs.hasCleared(stamp) || isEnded(stamp)) {
      return triesLeft > 1 ? this.look(target, triesLeft - 1) : NOTHING;
    }
    if (verdict.kind === "found") promote(this.#engine, target, verdict.entry, verdict.tier);
    else {
      if (target.settings.memory.use) this.#engine.memory.delete(target.id);
      copies?.dropOthers(this.#shared.fullKey(target), verdict.version ?? "");
    }
    reportVerified(this.#engine, target, lookup.suspect, verdict);
    return verdict;
  }

  /** The authority does not answer: a copy on this host has to do, if memory has none and nothing has come between. */
  async #fallBack(copies: CopyTier, lookup: Lookup): Promise<Verdict> {
    const { target } = lookup;
    const isHere = this.#engine.memory.peek(target.id) !== undefined;
    const entry = isHere ? undefined : await copies.look(this.#shared, target);
    const fenced = this.#leave(lookup);
    if (entry === undefined || fenced) return UNKNOWN;
    promote(this.#engine, target, entry, copies.name);
    return { kind: "found", entry, tier: copies.name };
  }

  /** It is no longer under way. Answers whether it has been overtaken. */
  #leave(lookup: Lookup): boolean {
    if (lookup.fenced) this.#fenced.delete(lookup);
    else this.#byId.delete(lookup.target.id);
    return lookup.fenced;
  }
}

/** Whether a copy is fresh or stale, and not older than the call wants. */
function isUsableBy({ clock }: Engine, { settings }: Target, entry: Entry): boolean {
  return isUsable(entry, clock.now(), maxAgeIn(settings, settings.copies));
}

/** Puts what was found in another tier into memory, for as long as copies may last there, and near, if it is far. */
export function promote(engine: Engine, target: Target, entry: Entry, tier: string): void {
  const { memory, clock, copies, shared } = engine;
  const { id, key, settings } = target;
  if (shared !== undefined && tier === shared.name) copies?.keep(shared, target, entry);
  if (!settings.memory.use) return;
  const now = clock.now();
  const ageMs = now - entry.createdAt;
  // What a call does not take from the tier it does not take from there by way of memory either.
  if (settings.shared !== undefined && isTooOld(entry, now, settings.shared.maxAgeMs)) return;
  const copy = cappedTo(entry, ageMs + Math.min(memory.settings.maxAgeMs, settings.memory.maxAgeMs));
  if (ageMs < copy.errorMs) memory.set(id, copy, memory.measure(copy.value, key));
  else memory.delete(id);
}

const AT_ONCE = Promise.resolve();
const itself = (verdict: Verdict): Verdict => verdict;
const NO_EPOCHS: readonly Epoch[] = [];
const NONE: ReadonlyMap<Epoch, SharedEpoch> = new Map();
const NOTHING: Verdict = Object.freeze({ kind: "absent", version: undefined });

function pair(epochs: readonly Epoch[], told: readonly SharedEpoch[]): ReadonlyMap<Epoch, SharedEpoch> {
  return new Map(epochs.map((epoch, index) => [epoch, told[index] as SharedEpoch]));
}
