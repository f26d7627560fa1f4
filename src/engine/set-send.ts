// Sending sets to an authority that takes them one by one, or that somebody has to be waited for before.

import type { Payload } from "../codec/payload.ts";
import type { NewFrame, SharedEpoch } from "../contracts/authority.ts";
import type { Epoch } from "../model/epoch.ts";
import { staleSpans, type Spans } from "../model/policy.ts";
import type { Engine } from "./engine.ts";
import type { PendingSet } from "./pending-sets.ts";
import { UNAVAILABLE } from "./guard.ts";
import { conclude, overtake, type Sending, type Setting } from "./setting.ts";
import { worst, type Settled } from "./settled.ts";
import { makeFrame, spansInTier } from "./share.ts";
import { capture, KNOWN, knownEpoch } from "./shared-epochs.ts";
import { isStored, type SharedTier } from "./shared-tier.ts";

/**
 * Sends one at once, which is what most are, if there is nothing to wait for before; else `undefined`, and nothing has been done.
 * It does what `sendAll` does, with a third of the promises.
 */
export function sendAlone(engine: Engine, shared: SharedTier, sending: Sending): Promise<Settled> | undefined {
  const { flights } = engine;
  const set = readyFrame(engine, shared, sending);
  if (set === undefined) return undefined;
  overtake(engine, sending.pending);
  flights.beginSet(sending.pending);
  const createdAt = engine.clock.now();
  return shared.set(set.fullKey, set.frame, set.spans).then((written) => {
    const isDone = isStored(written);
    try {
      return conclude(engine, shared, sending, createdAt, isDone);
    } finally {
      flights.endSet(sending.pending);
    }
  });
}

/** What is sent of one for which nothing has to be waited for; `undefined` for any other. @throws CacheError `invalid_argument` */
export function readyFrame(engine: Engine, shared: SharedTier, sending: Sending): NewFrame | undefined {
  const { pending, draft, payload } = sending;
  const { target, number } = pending;
  const spans = spansInTier(shared, target, draft.spans);
  if (payload instanceof Promise || spans === undefined || !areEpochsKnown(engine, shared, pending)) return undefined;
  if (shared.sync() !== undefined || engine.flights.sentBefore(target.id, number) !== undefined) return undefined;
  return frameOf(engine, shared, sending, payload, spans, KNOWN);
}

function areEpochsKnown({ epochs }: Engine, { trust }: SharedTier, { namespaceEpoch, tags }: PendingSet): boolean {
  if (knownEpoch(epochs.root, trust) === undefined || knownEpoch(namespaceEpoch, trust) === undefined) return false;
  return tags === undefined || tags.every((tag) => knownEpoch(tag, trust) !== undefined);
}

/** To the authority first, then into memory: registered like flights, so that what overtakes them is noticed. */
export async function sendAll(engine: Engine, shared: SharedTier, sendings: readonly Sending[]): Promise<Settled> {
  const sets = sendings.map(({ pending }) => pending);
  for (const pending of sets) {
    overtake(engine, pending);
    pending.leaves();
  }
  return engine.flights.whileSetting(sets, async () => {
    try {
      const payloads = await Promise.all(sendings.map(async ({ payload }) => payload));
      const sent = sendings.map((setting, index) => sendOne(engine, shared, setting, payloads[index] as Payload));
      return worst(await Promise.all(sent));
    } finally {
      for (const pending of sets) pending.sent();
    }
  });
}

async function sendOne(engine: Engine, shared: SharedTier, setting: Sending, payload: Payload): Promise<Settled> {
  const { pending } = setting;
  const { target, namespaceEpoch, tags } = pending;
  const { root } = engine.epochs;
  const fullKey = shared.fullKey(target);
  const capturing = capture(engine, shared, [root, namespaceEpoch, ...(tags ?? [])]);
  const syncing = shared.sync();
  const captured = await capturing;
  if (syncing !== undefined) await syncing;
  const earlier = engine.flights.sentBefore(target.id, pending.number);
  if (earlier !== undefined) await earlier;
  // Not later than the authority's own instant of it: freshness ends early rather than late.
  const createdAt = engine.clock.now();
  if (captured === UNAVAILABLE) {
    pending.sent();
    return conclude(engine, shared, setting, createdAt, false);
  }
  const spans = spansToSend(shared, setting);
  if (spans === undefined) {
    // What may not be kept there ends what is there.
    const removing = shared.remove(fullKey);
    pending.sent();
    const removed = await removing;
    const isDone = removed !== UNAVAILABLE && removed.existed !== undefined;
    return conclude(engine, shared, setting, createdAt, isDone);
  }
  const { frame } = frameOf(engine, shared, setting, payload, spans, captured.byEpoch);
  const writing = shared.set(fullKey, frame, spans);
  pending.sent();
  const written = await writing;
  const isDone = isStored(written);
  return conclude(engine, shared, setting, createdAt, isDone);
}

/**
 * What has been invalidated here since it was called while it waited: what was read of epochs may be of after that, and
 * would make it good again.
 */
function spansToSend(shared: SharedTier, { pending, draft: { spans } }: Setting): Spans | undefined {
  if (pending.endedBy === "hard") return undefined;
  return spansInTier(shared, pending.target, pending.endedBy === "soft" ? staleSpans(spans, 0) : spans);
}

/** What is sent of it. @param known the generations of all that it belongs to */
function frameOf(
  { epochs: { root } }: Engine,
  shared: SharedTier,
  { pending, draft }: Setting,
  payload: Payload,
  spans: Spans,
  known: Pick<ReadonlyMap<Epoch, SharedEpoch>, "get">,
): NewFrame {
  const { target } = pending;
  const fullKey = shared.fullKey(target);
  const { frame, version } = makeFrame(shared, target, draft, payload, pending, known, root);
  pending.version = version;
  return { fullKey, frame, version, spans };
}
