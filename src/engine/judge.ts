// Judging a frame: whether bytes from the shared tier are an entry that may be used now, and making it one.

import { decodeFrame, type Frame } from "../codec/frame-decode.ts";
import { readVersion, spansIn } from "../codec/frame-layout.ts";
import { damageOf } from "../codec/payload-damage.ts";
import type { SharedEpoch } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import { Entry, isTooOld, type Access } from "../model/entry.ts";
import type { Epoch, Stamped } from "../model/epoch.ts";
import type { FrameDamage } from "../model/event.ts";
import { staleSpans, type Spans } from "../model/policy.ts";
import type { Engine, Target } from "./engine.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { reportInvalid } from "./report.ts";
import { askEpochs, knownEpoch } from "./shared-epochs.ts";
import type { SharedTier } from "./shared-tier.ts";

/** What a frame, or a look for one, turned out to be worth. */
export type Verdict =
  /** Fresh, stale or good for rescue. */
  | { readonly kind: "found"; readonly entry: Entry; readonly tier: string }
  /** Nothing; but it stands in the tier under this version. */
  | { readonly kind: "absent"; readonly version: string | undefined }
  /** Nobody can tell: the authority did not answer. */
  | { readonly kind: "unavailable" }
  /** The authority answers, but is not to be believed: it has not got an invalidation yet, or its time is not known. */
  | { readonly kind: "gated" };

export const UNKNOWN: Verdict & { readonly kind: "unavailable" } = Object.freeze({ kind: "unavailable" });
export const GATED: Verdict & { readonly kind: "gated" } = Object.freeze({ kind: "gated" });

/** The stamp under which a read of the shared tier was begun; its tags show when the frame has come. */
export interface ReadStamp extends Stamped {
  tags: readonly Epoch[] | undefined;
}

/** A stamp for a read of the shared tier that begins now. */
export function stampRead({ epochs }: Engine, { settings }: Target): ReadStamp {
  return { asOf: epochs.now, namespaceEpoch: epochs.namespace(settings.namespace), tags: undefined };
}

/** Asks for epochs where they are answered at once. */
export type AskAtOnce = (doubtful: readonly Epoch[]) => readonly SharedEpoch[] | Unavailable;

/**
 * Judges a frame.
 * @param stamp as of when the question for the frame was sent; learns the tags of the frame
 * @param told epochs that came with the frame
 * @param askAtOnce for callers who cannot wait
 */
export function judge(
  engine: Engine,
  shared: SharedTier,
  target: Target,
  bytes: Uint8Array,
  stamp: ReadStamp,
  told: ReadonlyMap<Epoch, SharedEpoch>,
  askAtOnce?: AskAtOnce,
): Verdict | Promise<Verdict> {
  const frame = decodeFrame(shared.fullKey(target), bytes);
  if (frame.kind === "frame") return new Judgement(engine, shared, target, frame, stamp).begin(told, askAtOnce);
  reportDamage(engine, shared.name, target, frame.reason);
  return { kind: "absent", version: readVersion(bytes) };
}

/** The way of one frame to its verdict: its epochs, its instants, its value. */
class Judgement {
  readonly #engine: Engine;
  readonly #shared: SharedTier;
  readonly #target: Target;
  readonly #frame: Frame;
  readonly #stamp: ReadStamp;
  /** What the frame belongs to: root, namespace, tags. */
  readonly #epochs: readonly Epoch[];
  /** The generations of these that the frame says it is of. */
  readonly #carried: readonly SharedEpoch[];

  constructor(engine: Engine, shared: SharedTier, target: Target, frame: Frame, stamp: ReadStamp) {
    this.#engine = engine;
    this.#shared = shared;
    this.#target = target;
    this.#frame = frame;
    this.#stamp = stamp;
    const { rootEpoch, namespaceEpoch, tags } = frame.envelope;
    const { epochs } = engine;
    if (tags.length === 0) {
      this.#epochs = [epochs.root, stamp.namespaceEpoch];
      this.#carried = [rootEpoch, namespaceEpoch];
      return;
    }
    stamp.tags = epochs.tags(tags.map(({ name }) => name));
    this.#epochs = [epochs.root, stamp.namespaceEpoch, ...tags.map(({ name }) => epochs.tag(name))];
    this.#carried = [rootEpoch, namespaceEpoch, ...tags];
  }

  begin(told: ReadonlyMap<Epoch, SharedEpoch>, askAtOnce?: AskAtOnce): Verdict | Promise<Verdict> {
    if (this.#shared.recovery.isGated(this.#epochs)) return GATED;
    let doubtful: Epoch[] | undefined;
    for (let index = 0; index < this.#epochs.length; index++) {
      const epoch = this.#epochs[index] as Epoch;
      if (told.has(epoch)) continue;
      const { hard, soft } = this.#carried[index] as SharedEpoch;
      const known = knownEpoch(epoch, this.#shared.trust);
      // What the table says otherwise is asked once more: the authority may have lost the epoch, and made another.
      if (known === undefined || known.hard !== hard || known.soft !== soft) (doubtful ??= []).push(epoch);
    }
    if (doubtful === undefined) return this.#conclude(told);
    return askAtOnce === undefined ? this.#ask(doubtful, told) : this.#hear(doubtful, askAtOnce(doubtful), told);
  }

  async #ask(doubtful: readonly Epoch[], told: ReadonlyMap<Epoch, SharedEpoch>): Promise<Verdict> {
    return this.#hear(doubtful, await askEpochs(this.#engine, this.#shared, doubtful), told);
  }

  #hear(
    doubtful: readonly Epoch[],
    answers: readonly SharedEpoch[] | Unavailable,
    told: ReadonlyMap<Epoch, SharedEpoch>,
  ): Verdict | Promise<Verdict> {
    if (answers === UNAVAILABLE) return UNKNOWN;
    const all = new Map(told);
    for (const [index, epoch] of doubtful.entries()) all.set(epoch, answers[index] as SharedEpoch);
    return this.#conclude(all);
  }

  /** @param told the epochs that the table does not have as the frame does */
  #conclude(told: ReadonlyMap<Epoch, SharedEpoch>): Verdict | Promise<Verdict> {
    const { envelope } = this.#frame;
    let isMarked = false;
    for (let index = 0; told.size > 0 && index < this.#epochs.length; index++) {
      const present = told.get(this.#epochs[index] as Epoch);
      if (present === undefined) continue;
      const { hard, soft } = this.#carried[index] as SharedEpoch;
      if (present.hard !== hard) return this.#useless();
      isMarked ||= present.soft !== soft;
    }
    // Whoever gives the entry out looks at the clock once more.
    const now = this.#shared.trust.turnNow();
    const createdAt = this.#shared.time.toLocal(envelope.createdAt);
    const inTime = spansIn(envelope);
    // A generation marked stale ends freshness.
    const spans = isMarked ? staleSpans(inTime, now - createdAt) : inTime;
    const isOver = now - createdAt >= spans.errorMs || isTooOld({ createdAt }, now, this.#shared.maxAgeMs);
    return isOver ? this.#useless() : this.#open(createdAt, spans);
  }

  #open(createdAt: Instant, spans: Spans): Verdict | Promise<Verdict> {
    // The same frame as the copy in memory: so is the value, and decoding costs more than all the rest.
    const copy = this.#engine.memory.peek(this.#target.id);
    // Encrypted, it has to be opened all the same: only that tells whether the envelope is what was written.
    const isSame = copy?.version === this.#frame.envelope.version && !this.#shared.payloads.isSealed;
    if (isSame) return this.#usable(copy.value, createdAt, spans, copy.access);
    let decoded: unknown;
    try {
      decoded = this.#shared.payloads.decode(this.#frame);
    } catch (error) {
      return this.#damaged(damageOf(error));
    }
    return decoded instanceof Promise
      ? decoded.then(
          (value) => this.#take(value, createdAt, spans),
          (error: unknown) => this.#damaged(damageOf(error)),
        )
      : this.#take(decoded, createdAt, spans);
  }

  #take(decoded: unknown, createdAt: Instant, spans: Spans): Verdict | Promise<Verdict> {
    let value: unknown;
    try {
      value = ownValue(this.#engine, decoded);
    } catch {
      return this.#damaged("payload");
    }
    // What another release of the program has stored need not be what this one can use.
    const refusal = this.#engine.settings.validate?.(value);
    const answer = (reason: string | undefined): Verdict =>
      reason === undefined ? this.#usable(value, createdAt, spans) : this.#invalid(reason);
    return refusal instanceof Promise ? refusal.then(answer) : answer(refusal);
  }

  #usable(value: unknown, createdAt: Instant, spans: Spans, known?: Access): Verdict {
    const { loadMs, version } = this.#frame.envelope;
    const isTracked = this.#engine.settings.trackAccess;
    const access = known ?? (isTracked ? { hitCount: 0, lastAccessedAt: undefined } : undefined);
    const entry = new Entry(value, createdAt, spans, this.#stamp, loadMs, version, access);
    return { kind: "found", entry, tier: this.#shared.name };
  }

  #useless(): Verdict {
    return { kind: "absent", version: this.#frame.envelope.version };
  }

  #invalid(reason: string): Verdict {
    reportInvalid(this.#engine, this.#target.key, this.#target.settings.namespace, reason);
    return this.#useless();
  }

  #damaged(reason: FrameDamage): Verdict {
    reportDamage(this.#engine, this.#shared.name, this.#target, reason);
    return this.#useless();
  }
}

/** A decoded value as memory holds it. @throws TypeError for what is none */
export function ownValue({ memory }: Pick<Engine, "memory">, decoded: unknown): unknown {
  const value = memory.own(decoded);
  if (value === undefined) throw new TypeError("a payload must hold a value");
  return value;
}

/** Says that a tier holds something that cannot be read. */
export function reportDamage(
  { observer }: Pick<Engine, "observer">,
  tier: string,
  { key, settings: { namespace } }: Target,
  reason: FrameDamage,
): void {
  if (!observer.wants("damagedFrame")) return;
  observer.notify({ type: "damagedFrame", key, namespace, tier, reason });
}
