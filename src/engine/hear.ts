// What other processes tell, and what becomes of the connection to them: their invalidations done here, trust lost and won.

import type { BusGap, BusMessage, BusReceiver } from "../contracts/bus.ts";
import { compileGlob } from "../model/glob.ts";
import { idPrefix, readFullKey, toId } from "../model/key.ts";
import { applyHere } from "./apply-here.ts";
import type { Engine } from "./engine.ts";
import type { Invalidation, RecoveryListener } from "./recovery.ts";
import { removeMatchingHere } from "./remove-matching.ts";
import { reportEpoch, reportInvalidation } from "./report.ts";
import type { SharedTier } from "./shared-tier.ts";

/** Does here what a message says was done elsewhere. Own messages count as well: in doubt, twice. */
export function createReceiver(engine: Engine, shared: SharedTier): BusReceiver {
  const { observer, counters } = engine;
  return {
    onMessage: (message, isOwn) => hear(engine, shared, message, isOwn),
    onDoubt(reason, gap) {
      shared.trust.lose(reason);
      counters.bus.losses++;
      if (gap !== undefined) noteGap(engine, shared, reason, gap);
      if (observer.wants("busLost")) observer.notify({ type: "busLost", tier: shared.name, reason });
    },
    onLive() {
      shared.guard.breakers.noteProbe(true);
      shared.trust.hear();
      // First the replay of what the authority may not have, then trust.
      if (shared.recovery.isOpen) void shared.recovery.tryNow();
      else trust(engine, shared);
    },
    onProbe(answered) {
      shared.guard.breakers.noteProbe(answered);
      if (answered && shared.recovery.isOpen) void shared.recovery.tryNow();
    },
  };
}

/** Connects the recovery with the rest. */
export function createRecoveryListener(engine: Engine, shared: SharedTier): RecoveryListener {
  return {
    onReplayed: (invalidation) => applyHere(engine, invalidation),
    onEmpty(count) {
      const { observer } = engine;
      if (count > 0 && observer.wants("pendingReplayed"))
        observer.notify({ type: "pendingReplayed", tier: shared.name, count });
      if (shared.bus?.isLive === true) trust(engine, shared);
    },
  };
}

/** The authority may be another now: what it knows is not what it knew. */
export function reconnected(shared: SharedTier, reason: string): void {
  shared.time.forget();
  shared.trust.lose(reason);
  shared.recovery.reissue();
}

function trust({ observer }: Engine, shared: SharedTier): void {
  if (shared.trust.since !== Infinity) return;
  shared.trust.gain();
  if (observer.wants("busLive")) observer.notify({ type: "busLive", tier: shared.name });
}

function noteGap({ observer, counters }: Engine, { name }: SharedTier, reason: string, { missing }: BusGap): void {
  counters.bus.gaps++;
  counters.bus.missing += missing ?? 0;
  if (observer.wants("busGap")) observer.notify({ type: "busGap", tier: name, missing, reason });
}

function hear(engine: Engine, shared: SharedTier, message: BusMessage, isOwn: boolean): void {
  engine.counters.bus.messages++;
  if (message.kind === "epoch") {
    const { epochs } = engine;
    const { name, soft } = message;
    const epoch =
      name.kind === "root" ? epochs.root : name.kind === "tag" ? epochs.tag(name.name) : epochs.namespace(name.name);
    return learnOf(engine, shared, { kind: "epoch", epoch, soft }, isOwn);
  }
  if (message.kind === "matching") {
    if (isOwn) return;
    removeMatchingHere(engine, message.namespace, compileGlob(message.pattern), true);
    engine.copies?.dropMatching(message.namespace, message.pattern);
    return;
  }
  const { fullKey } = message;
  const names = readFullKey(shared.root, fullKey);
  if (names === undefined) return;
  const { namespace, key } = names;
  const id = toId(idPrefix(namespace), key);
  switch (message.kind) {
    case "touched":
      engine.memory.delete(id);
      engine.copies?.drop(fullKey);
      shared.lookups.fence(id);
      return;
    case "filled":
      dropOthers(engine, shared, id, fullKey, message.version);
      engine.flights.noteFilled(id, message.version);
      shared.waiters.call(id);
      return;
    case "key": {
      const invalidation = { kind: "key", id, fullKey, soft: false } as const;
      if (message.version === undefined) learnOf(engine, shared, invalidation, isOwn, { key, namespace });
      else {
        shared.recovery.note(invalidation);
        dropOthers(engine, shared, id, fullKey, message.version);
        engine.flights.fenceOthers(id, message.version);
        if (!isOwn) reportInvalidation(engine, "key", key, namespace, false, true);
      }
      shared.waiters.call(id);
    }
  }
}

function learnOf(
  engine: Engine,
  shared: SharedTier,
  invalidation: Invalidation,
  isOwn: boolean,
  names?: { readonly key: string; readonly namespace: string | undefined },
): void {
  shared.recovery.note(invalidation);
  applyHere(engine, invalidation);
  if (isOwn) return;
  if (invalidation.kind === "epoch") reportEpoch(engine, invalidation, true);
  else reportInvalidation(engine, "key", names?.key, names?.namespace, false, true);
}

/** A copy of another version than the authority holds is not what it holds. */
function dropOthers(
  { memory, copies }: Engine,
  shared: SharedTier,
  id: string,
  fullKey: string,
  version: string,
): void {
  copies?.dropOthers(fullKey, version);
  const copy = memory.peek(id);
  if (copy !== undefined && copy.version !== version) memory.delete(id);
  shared.lookups.fence(id);
}
