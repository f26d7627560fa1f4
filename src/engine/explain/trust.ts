// Why a copy in this process, or on this host, is believed or not; and what keeps the shared tier from being believed.

import type { Entry } from "../../model/entry.ts";
import type { Epoch } from "../../model/epoch.ts";
import type { BusExplanation } from "../../model/explanation.ts";
import { isTrusted } from "../find.ts";
import type { SharedTier } from "../shared-tier.ts";
import type { Scene } from "./scene.ts";
import { spoken, subjectOf, textOf } from "./words.ts";

/** Whether a copy is used without asking the authority, and why. */
export interface Belief {
  readonly isTrusted: boolean;
  readonly reasons: readonly string[];
}

/** Why a copy is trusted where nothing is the matter. */
export const TRUSTED = "trusted: every invalidation since it was made would have been heard";

/** How far a copy in memory is believed. */
export function beliefIn(scene: Scene, entry: Entry): Belief {
  const { engine, target } = scene;
  const { shared, flights } = engine;
  if (shared === undefined || target.settings.shared?.use !== true) return { isTrusted: true, reasons: [] };
  if (!isTrusted(engine, target, entry)) return { isTrusted: false, reasons: doubts(scene, shared, entry) };
  const { trust, name } = shared;
  if (trust.covers(entry)) {
    return { isTrusted: true, reasons: [TRUSTED] };
  }
  if (flights.isBeingSet(entry)) return { isTrusted: true, reasons: [`trusted: its set is on its way to ${name}`] };
  const why = shared.isAway ? "does not answer" : `refuses (${textOf(shared.guard.lastRefusal)})`;
  return { isTrusted: true, reasons: [`used without being verified, because ${name} ${why}`] };
}

/** Why a copy is suspect. */
export function doubts({ at }: Scene, { trust, bus, name, recovery }: SharedTier, entry: Entry): string[] {
  const reasons: string[] = [];
  if (entry.version === undefined) {
    reasons.push(
      `suspect: ${name} has not confirmed it, because it was made without a lease or its write was not answered`,
    );
  }
  const { lossReason, changedAt } = trust;
  if (bus === undefined) return [...reasons, `suspect: ${name} has no bus, so that every read asks it`];
  if (lossReason !== undefined) {
    const what = bus.isLive && recovery.isOpen ? "is live, but not all has been done again" : "has not been live";
    return [...reasons, `suspect: the bus of ${name} ${what}, for ${spoken(at - changedAt)}: ${lossReason}`];
  }
  if (!trust.isUp) reasons.push(`suspect: the bus of ${name} has not been seen to work for longer than its limit`);
  else if (entry.asOf < trust.since) {
    const since = `made before the bus of ${name} was live, which it has been for ${spoken(at - changedAt)}`;
    reasons.push(`suspect: ${since}; an invalidation may have been missed`);
  }
  return reasons;
}

/** What keeps this process from believing what the shared tier has: its own invalidations that have not arrived there. */
export function gates({ target }: Scene, { recovery, name }: SharedTier, epochs: readonly Epoch[]): string[] {
  if (recovery.pending === 0) return [];
  const subjects = epochs.filter((epoch) => recovery.isGated([epoch])).map(subjectOf);
  if (recovery.isKeyGated(target.id)) subjects.unshift("the key");
  return subjects.map((subject) => `not believed: an invalidation of ${subject} has not reached ${name} yet`);
}

/** How this process hears of what others do. */
export function explainBus({ trust, bus, name, recovery }: SharedTier): BusExplanation {
  const isLive = bus !== undefined && trust.isUp;
  const silence = "it has not been seen to work for longer than its limit";
  const reason = bus === undefined ? `${name} has no bus` : (trust.lossReason ?? silence);
  return {
    isLive,
    since: trust.changedAt,
    reason: isLive ? undefined : reason,
    lagMs: bus?.lagMs,
    pending: recovery.pending,
  };
}
