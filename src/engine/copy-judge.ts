// Judging a copy: whether bytes that this host keeps are an entry that may be used, and making it one.

import { decodeFrame } from "../codec/frame-decode.ts";
import { spansIn, type Envelope } from "../codec/frame-layout.ts";
import { PayloadDamage } from "../codec/payload-damage.ts";
import type { PayloadCoder } from "../codec/payload.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { Entry, isTooOld, stateOf } from "../model/entry.ts";
import type { Stamped } from "../model/epoch.ts";
import { decodeRecord } from "./copy-record.ts";
import type { CopyRuns } from "./copy-runs.ts";
import { createdHere } from "./copy-times.ts";
import type { Engine, Target } from "./engine.ts";
import { ownValue } from "./judge.ts";
import type { SharedTier } from "./shared-tier.ts";

/** What judging goes by. */
export interface CopyJudgeParts {
  readonly engine: Pick<Engine, "clock" | "epochs" | "memory" | "settings">;
  /** Of these, the process's own copies say when they were made. */
  readonly runs: CopyRuns;
  readonly payloads: PayloadCoder;
  /** Copies of this age count no more. */
  readonly maxAgeMs: Milliseconds;
}

type MaybeEntry = Entry | undefined;

/** Judges the copies of one tier. How far one that is good is to be believed, the caller judges. */
export class CopyJudge {
  readonly #parts: CopyJudgeParts;

  constructor(parts: CopyJudgeParts) {
    this.#parts = parts;
  }

  /**
   * The entry of a copy, at once where its value can be read at once; `undefined` for one that is over, and for a value that
   * this release of the program cannot use.
   * @throws, or rejects with, what `damageOf` makes a reason of, for anything that is no copy of the key
   */
  judge(shared: SharedTier, target: Target, bytes: Uint8Array): MaybeEntry | Promise<MaybeEntry> {
    const record = decodeRecord(bytes);
    if (record === undefined) throw new PayloadDamage("foreign");
    const frame = decodeFrame(shared.fullKey(target), record.frame);
    if (frame.kind !== "frame") throw new PayloadDamage(frame.reason);
    const { engine, runs, payloads } = this.#parts;
    if (!runs.isBelieved(record.run)) return undefined;
    const { epochs, memory, clock } = engine;
    const { envelope } = frame;
    const stamp = {
      // Of another run nothing is known but that it was before all that this one has heard.
      asOf: runs.isOwn(record.run) ? record.asOf : 0,
      namespaceEpoch: epochs.namespace(target.settings.namespace),
      tags: epochs.tags(envelope.tags.map(({ name }) => name)),
    };
    const createdAt = createdHere(shared, envelope, record, clock.now());
    const take = (decoded: unknown): MaybeEntry | Promise<MaybeEntry> =>
      this.#take(ownValue(engine, decoded), createdAt, envelope, stamp);
    const copy = memory.peek(target.id);
    if (copy?.version === envelope.version && !payloads.isSealed) return take(copy.value);
    const decoded = payloads.decode(frame);
    return decoded instanceof Promise ? decoded.then(take) : take(decoded);
  }

  #take(value: unknown, createdAt: Instant, envelope: Envelope, stamp: Stamped): MaybeEntry | Promise<MaybeEntry> {
    const { clock, epochs, settings } = this.#parts.engine;
    const { version, loadMs } = envelope;
    const access = settings.trackAccess ? { hitCount: 0, lastAccessedAt: undefined } : undefined;
    const entry = new Entry(value, createdAt, spansIn(envelope), stamp, loadMs, version, access);
    const now = clock.now();
    const isOver = epochs.hasCleared(entry) || stateOf(entry, now) === "expired";
    if (isOver || isTooOld(entry, now, this.#parts.maxAgeMs)) return undefined;
    const refusal = settings.validate?.(value);
    if (refusal instanceof Promise) return refusal.then((reason) => (reason === undefined ? entry : undefined));
    return refusal === undefined ? entry : undefined;
  }
}
