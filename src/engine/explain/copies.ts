// What the tier of copies on this host has of a key.

import { decodeFrame, type Frame } from "../../codec/frame-decode.ts";
import { spansIn, type Envelope } from "../../codec/frame-layout.ts";
import { maxAgeIn } from "../../model/call.ts";
import { Entry } from "../../model/entry.ts";
import type { TierExplanation } from "../../model/explanation.ts";
import type { CopyRecord } from "../copy-record.ts";
import type { CopyInspection, CopyTier } from "../copy-tier.ts";
import { createdHere } from "../copy-times.ts";
import type { Engine, Target } from "../engine.ts";
import type { SharedTier } from "../shared-tier.ts";
import {
  breakerOf,
  describeEntry,
  localEpochs,
  nothing,
  usableAt,
  whyUnasked,
  type Finding,
  type Scene,
} from "./scene.ts";
import { doubts, TRUSTED } from "./trust.ts";
import { faultsOf, lookAtValue, type LookedAt } from "./value.ts";
import { DAMAGE, epochReasons, textOf, timeReason } from "./words.ts";

/** What the tier has answered. */
export interface CopyAnswer {
  /** Why there is none; else `undefined`. */
  readonly problem: string | undefined;
  readonly found: CopyInspection | undefined;
  readonly frame: ReturnType<typeof decodeFrame> | undefined;
  readonly value: LookedAt | undefined;
}

/** Asks the tier, past the guard. Never rejects. */
export async function askCopies(
  engine: Engine,
  copies: CopyTier,
  target: Target,
  fullKey: string,
): Promise<CopyAnswer> {
  const nowhere = { found: undefined, frame: undefined, value: undefined };
  const unasked = whyUnasked(breakerOf(copies.guard, copies.shardOf(fullKey)), engine.clock.now());
  if (unasked !== undefined) return { ...nowhere, problem: unasked };
  try {
    const found = await copies.inspect(fullKey);
    const frame = found.record && decodeFrame(fullKey, found.record.frame);
    const value = frame?.kind === "frame" ? await lookAtValue(engine, target, copies.payloads, frame) : undefined;
    return { problem: undefined, found, frame, value };
  } catch (error) {
    return { ...nowhere, problem: `${copies.name} did not answer: ${textOf(error)}` };
  }
}

/** What a read would make of the answer. */
export function explainCopies(
  scene: Scene,
  copies: CopyTier,
  shared: SharedTier,
  { problem, found, frame, value }: CopyAnswer,
): Finding {
  const { target, fullKey } = scene;
  const skipped = copies.isUsedBy(target) ? [] : ["this call skips it"];
  const breaker = breakerOf(copies.guard, copies.shardOf(fullKey));
  const place = { tier: copies.name, role: "copies", breaker } as const;
  if (problem !== undefined) return nothing({ ...place, presence: "unknown", reasons: [...skipped, problem] });
  if (found?.bytes === undefined) {
    return nothing({ ...place, presence: "absent", reasons: [...skipped, "no copy is there"] });
  }
  const { record } = found;
  if (record === undefined || frame?.kind !== "frame" || value === undefined) {
    const damage = frame?.kind === "damaged" ? frame.reason : "foreign";
    return nothing({ ...place, presence: "damaged", damage, reasons: [...skipped, `damaged: ${DAMAGE[damage]}`] });
  }
  return explainCopy(scene, copies, shared, found, record, frame, value, { ...place, reasons: skipped });
}

function explainCopy(
  scene: Scene,
  copies: CopyTier,
  shared: SharedTier,
  { isOwnRun, isInDoubt }: CopyInspection,
  record: CopyRecord,
  { envelope }: Frame,
  value: LookedAt,
  place: Pick<TierExplanation, "tier" | "role" | "breaker" | "reasons">,
): Finding {
  const { engine, target, at } = scene;
  const { settings } = target;
  const entry = entryOf(scene, shared, record, isOwnRun, envelope);
  const maxAgeMs = Math.min(maxAgeIn(settings, settings.copies), copies.maxAgeMs);
  const { usable, state: inTime, reasons } = usableAt(entry, at, maxAgeMs);
  const isCleared = engine.epochs.hasCleared(entry);
  const isTrusted = shared.trust.covers(entry) && !isInDoubt;
  const faults = faultsOf(value);
  const epochs = localEpochs(entry);
  const told = describeEntry(entry, {
    state: isCleared ? "expired" : inTime,
    isTrusted,
    epochs,
    bytes: record.frame.length,
    payload: value.payload,
  });
  const why = [
    ...(copies.isFirst ? [] : [`read only when ${shared.name} does not answer`]),
    ...faults,
    ...(isInDoubt ? ["counts as none: it is being replaced or dropped, or could not be"] : []),
    ...(isCleared ? ["everything was invalidated since it was made"] : []),
    ...epochReasons(epochs, at),
    timeReason(entry, inTime, at),
    ...reasons,
    ...(isTrusted ? [TRUSTED] : isInDoubt ? [] : doubts(scene, shared, entry)),
    ...(isOwnRun ? [] : ["made by another run of the program"]),
  ];
  const { damage } = value;
  const presence = damage === undefined ? "present" : "damaged";
  const isUsed = copies.isUsedBy(target) && !isCleared && !isInDoubt && faults.length === 0;
  return {
    told: { ...place, presence, damage, entry: told, reasons: [...place.reasons, ...why] },
    usable: isUsed ? usable : undefined,
    isTrusted,
  };
}

/** The copy as an entry of this process, without its value. */
function entryOf(
  { engine, target, at }: Scene,
  shared: SharedTier,
  record: CopyRecord,
  isOwnRun: boolean,
  envelope: Envelope,
): Entry {
  const { version, loadMs, tags } = envelope;
  const stamp = {
    // Of another run nothing is known but that it was before all that this one has heard.
    asOf: isOwnRun ? record.asOf : 0,
    namespaceEpoch: engine.epochs.peek("namespace", target.settings.namespace),
    tags: tags.length === 0 ? undefined : tags.map(({ name }) => engine.epochs.peek("tag", name)),
  };
  const createdAt = createdHere(shared, envelope, record, at);
  return new Entry(undefined, createdAt, spansIn(envelope), stamp, loadMs, version, undefined);
}
