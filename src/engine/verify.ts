// Verifying suspect copies: what is said of one when the authority has been asked for its entry.

import { stateOf } from "../model/entry.ts";
import type { Verified } from "../model/event.ts";
import type { Engine, Target } from "./engine.ts";
import { isMemoryFirst, isTrusted } from "./find.ts";
import type { Verdict } from "./judge.ts";

/** A copy that is not believed until the authority has been asked. */
export interface Suspect {
  /** The tier that holds it. */
  readonly tier: string;
  /** `undefined` for one that the authority has never confirmed. */
  readonly version: string | undefined;
}

/** The copy in memory that a look into the shared tier is to verify, where somebody wants to hear of that. */
export function suspectInMemory(engine: Engine, target: Target): Suspect | undefined {
  const { observer, memory, clock } = engine;
  if (!observer.wants("suspectVerified") || !target.settings.memory.use) return undefined;
  const copy = memory.peek(target.id);
  // Behind the shared tier it is not about to be used; nor is one that is over.
  if (copy === undefined || !isMemoryFirst(engine, target) || isTrusted(engine, target, copy)) return undefined;
  const isOver = stateOf(copy, clock.now()) === "expired";
  return isOver ? undefined : { tier: memory.name, version: copy.version };
}

/** Says what came of it. To be called last: listeners may do anything. */
export function reportVerified(engine: Engine, target: Target, suspect: Suspect | undefined, verdict: Verdict): void {
  const outcome = suspect && outcomeOf(engine, suspect, verdict);
  if (suspect === undefined || outcome === undefined) return;
  const { observer } = engine;
  const { key, settings } = target;
  if (!observer.wants("suspectVerified")) return;
  observer.notify({ type: "suspectVerified", key, namespace: settings.namespace, tier: suspect.tier, outcome });
}

/** `undefined` when the authority has not said anything. */
function outcomeOf({ shared }: Engine, { version }: Suspect, verdict: Verdict): Verified | undefined {
  if (verdict.kind === "absent") return "gone";
  if (verdict.kind !== "found" || verdict.tier !== shared?.name) return undefined;
  return verdict.entry.version === version ? "confirmed" : "replaced";
}
