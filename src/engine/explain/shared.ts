// What the shared tier has of a key: its frame, judged as a read would judge it, and who holds its lease.

import { decodeFrame, type Frame } from "../../codec/frame-decode.ts";
import { spansIn } from "../../codec/frame-layout.ts";
import type { DatedEpoch, EpochName, Inspected, SharedEpoch } from "../../contracts/authority.ts";
import { maxAgeIn } from "../../model/call.ts";
import type { Instant } from "../../model/duration.ts";
import { Entry } from "../../model/entry.ts";
import type { Epoch } from "../../model/epoch.ts";
import type { EpochExplanation, LeaseExplanation, TierExplanation } from "../../model/explanation.ts";
import { staleSpans } from "../../model/policy.ts";
import type { Engine, Target } from "../engine.ts";
import { knownEpoch } from "../shared-epochs.ts";
import type { SharedTier } from "../shared-tier.ts";
import { breakerOf, describeEntry, nothing, usableAt, whyUnasked, type Finding, type Scene } from "./scene.ts";
import { gates } from "./trust.ts";
import { faultsOf, lookAtValue, type LookedAt } from "./value.ts";
import { DAMAGE, epochReasons, textOf, timeReason } from "./words.ts";

/** What the authority has answered. */
export interface SharedAnswer {
  /** Why there is none; else `undefined`. */
  readonly problem: string | undefined;
  readonly inspected: Inspected | undefined;
  /** Whether it can tell of leases. */
  readonly knowsLeases: boolean;
  readonly frame: ReturnType<typeof decodeFrame> | undefined;
  /** Of root, namespace and tags of the frame, in this order; `undefined` in place of all when it cannot tell. */
  readonly epochs: readonly (DatedEpoch | undefined)[] | undefined;
  readonly value: LookedAt | undefined;
  /** By the clock of the cache, when the frame was asked for. */
  readonly askedAt: Instant;
}

/** Asks the authority, past the guard: nothing counts this. Never rejects. */
export async function askShared(
  engine: Engine,
  shared: SharedTier,
  target: Target,
  fullKey: string,
): Promise<SharedAnswer> {
  const askedAt = engine.clock.now();
  const { authority } = shared;
  const knowsLeases = authority.inspect !== undefined;
  const nowhere = { inspected: undefined, knowsLeases, frame: undefined, epochs: undefined, value: undefined, askedAt };
  const unasked = whyUnasked(breakerOf(shared.guard, shared.shardOf(fullKey)), askedAt);
  if (unasked !== undefined) return { ...nowhere, problem: unasked };
  try {
    const inspected = await inspect(shared, fullKey);
    const frame = inspected.frame === undefined ? undefined : decodeFrame(fullKey, inspected.frame);
    const whole = frame?.kind === "frame" ? frame : undefined;
    const epochs = whole && (await authority.inspectEpochs?.(namesOf(target, whole)));
    const value = whole && (await lookAtValue(engine, target, shared.payloads, whole));
    return { problem: undefined, inspected, knowsLeases, frame, epochs, value, askedAt };
  } catch (error) {
    return { ...nowhere, problem: `${shared.name} did not answer: ${textOf(shared.problem() ?? error)}` };
  }
}

/** An authority that lets nobody look is read instead. */
async function inspect({ authority }: SharedTier, fullKey: string): Promise<Inspected> {
  if (authority.inspect !== undefined) return authority.inspect(fullKey);
  const [now, { frame }] = await Promise.all([authority.now(), authority.read(fullKey, [])]);
  return { now, frame, lease: undefined };
}

function namesOf({ settings: { namespace } }: Target, { envelope }: Frame): EpochName[] {
  const tags = envelope.tags.map(({ name }) => ({ kind: "tag", name }) as const);
  return [{ kind: "root" }, { kind: "namespace", name: namespace }, ...tags];
}

/** What a read would make of the answer. */
export function explainShared(scene: Scene, shared: SharedTier, answer: SharedAnswer): Finding {
  const { engine, target, fullKey } = scene;
  const breaker = breakerOf(shared.guard, shared.shardOf(fullKey));
  const skipped = target.settings.shared?.use === true ? [] : ["this call skips it"];
  const place = { tier: shared.name, role: "shared", breaker } as const;
  if (answer.problem !== undefined) {
    const reasons = [...skipped, answer.problem, ...gates(scene, shared, [engine.epochs.root, ownEpoch(scene)])];
    return nothing({ ...place, presence: "unknown", reasons });
  }
  const { frame } = answer;
  if (frame === undefined) {
    const never = "nothing is there: it was never stored, has ended, or was removed";
    return nothing({ ...place, presence: "absent", reasons: [...skipped, never] });
  }
  if (frame.kind === "damaged") {
    const reasons = [...skipped, `damaged: ${DAMAGE[frame.reason]}`];
    return nothing({ ...place, presence: "damaged", damage: frame.reason, reasons });
  }
  return explainFrame(scene, shared, answer, frame, { ...place, reasons: skipped });
}

function explainFrame(
  scene: Scene,
  shared: SharedTier,
  answer: SharedAnswer,
  frame: Frame,
  place: Pick<TierExplanation, "tier" | "role" | "breaker" | "reasons">,
): Finding {
  const { engine, target, at } = scene;
  const value = answer.value as LookedAt;
  const tags = frame.envelope.tags.map(({ name }) => engine.epochs.peek("tag", name));
  const epochs = compareEpochs(scene, shared, answer, frame, tags);
  const entry = entryOf(scene, shared, answer, frame, tags, epochs);
  const { settings } = target;
  const maxAgeMs = Math.min(maxAgeIn(settings, settings.shared), shared.maxAgeMs);
  const { usable, state: inTime, reasons } = usableAt(entry, at, maxAgeMs);
  const isOver = epochs.some(({ change }) => change === "hard");
  const closed = gates(scene, shared, [engine.epochs.root, ownEpoch(scene), ...tags]);
  const faults = faultsOf(value);
  // A mark ends freshness for a read; when it would have ended tells more.
  const freshUntil = entry.createdAt + frame.envelope.freshUntil - frame.envelope.createdAt;
  const told = describeEntry(entry, {
    state: isOver ? "expired" : inTime,
    isTrusted: closed.length === 0,
    freshUntil,
    epochs,
    bytes: frame.bytes.length,
    payload: value.payload,
  });
  const why = [...faults, ...epochReasons(epochs, at), timeReason(told, inTime, at), ...reasons, ...closed];
  const isUsed = settings.shared?.use === true && !isOver && faults.length === 0;
  const { damage } = value;
  const presence = damage === undefined ? "present" : "damaged";
  return {
    told: { ...place, presence, damage, entry: told, reasons: [...place.reasons, ...why] },
    usable: isUsed ? usable : undefined,
    isTrusted: closed.length === 0,
  };
}

/** The frame as an entry of this process, without its value. */
function entryOf(
  scene: Scene,
  shared: SharedTier,
  answer: SharedAnswer,
  { envelope }: Frame,
  tags: readonly Epoch[],
  epochs: readonly EpochExplanation[],
): Entry {
  const { engine, at } = scene;
  const { loadMs, version } = envelope;
  const createdAt = toLocal(shared, answer, envelope.createdAt);
  const isMarked = epochs.some(({ change }) => change === "soft");
  const inTime = spansIn(envelope);
  const spans = isMarked ? staleSpans(inTime, at - createdAt) : inTime;
  const stamp = { asOf: engine.epochs.now, namespaceEpoch: ownEpoch(scene), tags };
  return new Entry(undefined, createdAt, spans, stamp, loadMs, version, undefined);
}

/** Before the first read nothing is known of the authority's clock but what its answer says: right to within a round trip. */
function toLocal({ time }: SharedTier, { inspected, askedAt }: SharedAnswer, there: Instant): Instant {
  return time.isKnown ? time.toLocal(there) : there - ((inspected as Inspected).now - askedAt);
}

function ownEpoch({ engine, target }: Scene): Epoch {
  return engine.epochs.peek("namespace", target.settings.namespace);
}

/** The generations that a frame is of, beside those of now: the authority's word, or what this process knows. */
function compareEpochs(
  scene: Scene,
  shared: SharedTier,
  answer: SharedAnswer,
  { envelope }: Frame,
  tags: readonly Epoch[],
): EpochExplanation[] {
  const { rootEpoch, namespaceEpoch, tags: tagEpochs } = envelope;
  const { epochs: told } = answer;
  const own = [scene.engine.epochs.root, ownEpoch(scene), ...tags];
  return [rootEpoch, namespaceEpoch, ...tagEpochs].map(({ hard, soft }, index) => {
    const { kind, name, known } = epochAt(own, index, shared.trust);
    const present: SharedEpoch | undefined = told === undefined ? known : told[index];
    const since = told?.[index]?.since;
    return {
      kind,
      name,
      change: changeOf({ hard, soft }, present, told !== undefined),
      made: { hard, soft },
      present: present && { hard: present.hard, soft: present.soft },
      changedAt: since === undefined ? undefined : toLocal(shared, answer, since),
    };
  });
}

function epochAt(
  own: readonly Epoch[],
  index: number,
  trust: SharedTier["trust"],
): Pick<Epoch, "kind" | "name" | "known"> {
  const epoch = own[index] as Epoch;
  return { kind: epoch.kind, name: epoch.name, known: knownEpoch(epoch, trust) };
}

function changeOf(made: SharedEpoch, present: SharedEpoch | undefined, isTold: boolean): EpochExplanation["change"] {
  // One that is not there any more is made anew by the next read.
  if (present === undefined) return isTold ? "hard" : "unknown";
  if (present.hard !== made.hard) return "hard";
  return present.soft === made.soft ? "none" : "soft";
}

/** Who holds the lease. */
export function explainLease(shared: SharedTier, { inspected, knowsLeases }: SharedAnswer): LeaseExplanation {
  const nobody = { token: undefined, remainingMs: undefined };
  if (inspected === undefined || !knowsLeases) return { holder: "unknown", ...nobody };
  const { lease } = inspected;
  if (lease === undefined) return { holder: "nobody", ...nobody };
  return { holder: shared.isOwnToken(lease.token) ? "this process" : "another process", ...lease };
}
