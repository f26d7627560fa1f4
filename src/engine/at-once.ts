// A shared tier that answers at once, for callers who cannot wait: looking a key up, setting it, removing it.

import type { SharedEpoch } from "../contracts/authority.ts";
import { maxAgeIn } from "../model/call.ts";
import type { Instant } from "../model/duration.ts";
import type { Epoch } from "../model/epoch.ts";
import { isTooOld, stateOf } from "../model/entry.ts";
import type { CopyTier } from "./copy-tier.ts";
import type { Engine, Target } from "./engine.ts";
import { isTrusted, sightOf, type Found } from "./find.ts";
import { UNAVAILABLE, type Unavailable } from "./guard.ts";
import { judge, stampRead, type Verdict } from "./judge.ts";
import { promote } from "./lookup.ts";
import type { Sending } from "./setting.ts";
import { makeFrame, spansInTier } from "./share.ts";
import { learn } from "./shared-epochs.ts";
import { isStored, type SharedTier, type ToldEpoch } from "./shared-tier.ts";
import type { SyncTier } from "./sync-tier.ts";
import { reportVerified, suspectInMemory } from "./verify.ts";

/** Looks a key up in the tiers outside the process that answer at once, as far as what they have can be read at once. */
export function findAtOnce(engine: Engine, target: Target): Found | undefined {
  const { shared, copies } = engine;
  if (shared === undefined || target.settings.shared?.use !== true) return undefined;
  if (copies?.isUsedBy(target) === true) return findCopy(engine, shared, copies, target);
  return shared.atOnce === undefined ? undefined : findShared(engine, shared, shared.atOnce, target);
}

/** A copy on this host, if it may be used without asking the authority. */
function findCopy(engine: Engine, shared: SharedTier, copies: CopyTier, target: Target): Found | undefined {
  const entry = copies.lookAtOnce(shared, target);
  if (entry === undefined || !isTrusted(engine, target, entry)) return undefined;
  const now = engine.clock.now();
  const state = stateOf(entry, now);
  if (state === "expired" || isTooOld(entry, now, maxAgeIn(target.settings, target.settings.copies))) return undefined;
  promote(engine, target, entry, copies.name);
  return { entry, state, now, tier: copies.name };
}

function findShared(engine: Engine, shared: SharedTier, atOnce: SyncTier, target: Target): Found | undefined {
  const { epochs, clock, flights } = engine;
  const stamp = stampRead(engine, target);
  const names = [epochs.root, stamp.namespaceEpoch];
  const isGated = shared.recovery.gates(target.id, names);
  // A set that has been called and not been sent yet comes first, and cannot be waited for.
  if (isGated || flights.sentBefore(target.id, Infinity) !== undefined || !atOnce.sync()) return undefined;
  const begunAt = clock.now();
  const suspect = suspectInMemory(engine, target);
  const reply = atOnce.read(shared.fullKey(target), names);
  if (reply === UNAVAILABLE) return undefined;
  learn(engine, names, reply.epochs, stamp.asOf);
  if (reply.frame === undefined) {
    reportVerified(engine, target, suspect, { kind: "absent", version: undefined });
    return undefined;
  }
  const told = new Map<Epoch, SharedEpoch>(names.map((epoch, index) => [epoch, reply.epochs[index] as SharedEpoch]));
  const ask = (doubtful: readonly Epoch[]): readonly ToldEpoch[] | Unavailable => {
    const answers = atOnce.epochs(doubtful);
    if (answers !== UNAVAILABLE) learn(engine, doubtful, answers, stamp.asOf);
    return answers;
  };
  const verdict: Verdict | Promise<Verdict> = judge(engine, shared, target, reply.frame, stamp, told, ask);
  // Its codec is not loaded yet, or it takes long to decompress: whoever comes later may find it in memory.
  if (verdict instanceof Promise) {
    verdict.catch(() => undefined);
    return undefined;
  }
  if (verdict.kind === "found") promote(engine, target, verdict.entry, verdict.tier);
  const { found } = sightOf(engine, shared, target, verdict, begunAt);
  reportVerified(engine, target, suspect, verdict);
  return found;
}

/**
 * Sets a value in the shared tier, if that answers at once, and answers when by our clock; `undefined` when somebody has
 * to be waited for.
 */
export function setAtOnce(
  engine: Engine,
  shared: SharedTier,
  { pending, draft, payload }: Sending,
): Instant | undefined {
  const { atOnce } = shared;
  const { target, namespaceEpoch, tags } = pending;
  if (atOnce === undefined || payload instanceof Promise) return undefined;
  if (engine.flights.sentBefore(target.id, pending.number) !== undefined || !atOnce.sync()) return undefined;
  const { root, now: asOf } = engine.epochs;
  const names = [root, namespaceEpoch, ...(tags ?? [])];
  const told = atOnce.epochs(names);
  const spans = spansInTier(shared, target, draft.spans);
  if (told === UNAVAILABLE || spans === undefined) return undefined;
  learn(engine, names, told, asOf);
  const byEpoch = new Map(names.map((epoch, index) => [epoch, told[index] as SharedEpoch]));
  const createdAt = engine.clock.now();
  const { frame, version } = makeFrame(shared, target, draft, payload, pending, byEpoch, root);
  const written = atOnce.set(shared.fullKey(target), frame, spans);
  if (!isStored(written)) return undefined;
  pending.version = version;
  return createdAt;
}
