// Looking a key up in the shared tier: one question at a time for each key, and its answer judged and promoted.

import type { EpochName, SharedEpoch } from "../contracts/authority.ts";
import { isEnded, type Epoch } from "../model/epoch.ts";
import { cappedTo, isTooOld, type Entry } from "../model/entry.ts";
import type { EpochUser } from "./epochs.ts";
import type { Engine, Target } from "./engine.ts";
import { UNAVAILABLE } from "./guard.ts";
import { judge, stampRead, GATED, UNKNOWN, type ReadStamp, type Verdict } from "./judge.ts";
import { knownEpoch, learn } from "./shared-epochs.ts";
import type { SharedTier } from "./shared-tier.ts";

/** What looking came to. */
export type Looked =
  /** Fresh, stale or good for rescue. */
  | { readonly kind: "found"; readonly entry: Entry }
  /** The authority has nothing of use, under this version. */
  | { readonly kind: "absent"; readonly version: string | undefined }
  /** It did not answer. */
  | { readonly kind: "unavailable" }
  /** It answers, but is not to be believed now. */
  | { readonly kind: "gated" };

/** How often an answer that an invalidation has overtaken is asked for again; then the key counts as absent. */
const MAX_TRIES = 3;

/** One question under way. */
interface Lookup {
  readonly answer: Promise<Looked>;
  readonly stamp: ReadStamp;
  /** An invalidation of the key has overtaken it: nobody joins, and its answer does not count. */
  fenced: boolean;
  /** The question to be asked after this one, by those who must not be given its answer. */
  next: Promise<Looked> | undefined;
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

  /**
   * Looks a key up. Callers share a question that was asked before they came only while the bus is live: it tells of
   * what has changed since. Otherwise they share the next one.
   */
  look(target: Target, triesLeft: number = MAX_TRIES): Promise<Looked> {
    const { trust, recovery } = this.#shared;
    const stamp = stampRead(this.#engine, target);
    if (recovery.isKeyGated(target.id) || recovery.isGated([this.#engine.epochs.root, stamp.namespaceEpoch])) {
      return Promise.resolve(this.#shared.isAnswering ? GATED : UNKNOWN);
    }
    const running = this.#byId.get(target.id);
    if (running === undefined) return this.#begin(target, stamp, triesLeft);
    if (running.stamp.asOf >= trust.since && trust.isUp) return running.answer;
    running.next ??= running.answer.then(() => this.look(target, triesLeft));
    return running.next;
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

  #begin(target: Target, stamp: ReadStamp, triesLeft: number): Promise<Looked> {
    const lookup: Lookup = {
      stamp,
      fenced: false,
      next: undefined,
      answer: this.#ask(target, stamp)
        .catch(() => UNKNOWN)
        .then((verdict) => {
          if (lookup.fenced) this.#fenced.delete(lookup);
          else this.#byId.delete(target.id);
          return this.#conclude(target, lookup, verdict, triesLeft);
        }),
    };
    this.#byId.set(target.id, lookup);
    return lookup.answer;
  }

  /** One question, and its answer judged. */
  async #ask(target: Target, stamp: ReadStamp): Promise<Verdict> {
    const engine = this.#engine;
    const shared = this.#shared;
    const { asOf, namespaceEpoch } = stamp;
    const { root } = engine.epochs;
    const unknown: Epoch[] = [];
    if (knownEpoch(root, shared.trust) === undefined) unknown.push(root);
    if (knownEpoch(namespaceEpoch, shared.trust) === undefined) unknown.push(namespaceEpoch);
    const syncing = shared.sync();
    // What has been called for the key reaches the authority in that order, a question too.
    const earlier = engine.flights.sentBefore(target.id, Infinity);
    if (earlier !== undefined) await earlier;
    const budget = { spentMs: 0 };
    const reply = await shared.within(budget, shared.read(shared.fullKey(target), unknown as readonly EpochName[]));
    if (syncing !== undefined) await syncing;
    if (reply === UNAVAILABLE) return UNKNOWN;
    if (!shared.time.isKnown) return GATED;
    learn(engine, unknown, reply.epochs, asOf);
    if (reply.frame === undefined) return { kind: "useless", version: undefined };
    const told = unknown.length === 0 ? NONE : pair(unknown, reply.epochs);
    const verdict = judge(engine, shared, target, reply.frame, stamp, told);
    if (!(verdict instanceof Promise)) return verdict;
    const judged = await shared.within(budget, verdict);
    return judged === UNAVAILABLE ? UNKNOWN : judged;
  }

  #conclude(target: Target, lookup: Lookup, verdict: Verdict, triesLeft: number): Looked | Promise<Looked> {
    if (verdict.kind === "unavailable" || verdict.kind === "gated") return verdict;
    const { epochs } = this.#engine;
    const { stamp, fenced } = lookup;
    if (fenced || epochs.root.hard > stamp.asOf || isEnded(stamp)) {
      return triesLeft > 1 ? this.look(target, triesLeft - 1) : { kind: "absent", version: undefined };
    }
    if (verdict.kind === "usable") {
      promote(this.#engine, target, verdict.entry);
      return { kind: "found", entry: verdict.entry };
    }
    if (target.settings.memory.use) this.#engine.memory.delete(target.id);
    return { kind: "absent", version: verdict.version };
  }
}

/** Puts what was found in the shared tier into memory, for as long as copies may last there. */
export function promote({ memory, clock }: Engine, { id, key, settings }: Target, entry: Entry): void {
  if (!settings.memory.use) return;
  const now = clock.now();
  const ageMs = now - entry.createdAt;
  // What a call does not take from the tier it does not take from there by way of memory either.
  if (settings.shared !== undefined && isTooOld(entry, now, settings.shared.maxAgeMs)) return;
  const copy = cappedTo(entry, ageMs + Math.min(memory.settings.maxAgeMs, settings.memory.maxAgeMs));
  if (ageMs < copy.errorMs) memory.set(id, copy, memory.measure(copy.value, key));
  else memory.delete(id);
}

const NONE: ReadonlyMap<Epoch, SharedEpoch> = new Map();

function pair(epochs: readonly Epoch[], told: readonly SharedEpoch[]): ReadonlyMap<Epoch, SharedEpoch> {
  return new Map(epochs.map((epoch, index) => [epoch, told[index] as SharedEpoch]));
}
