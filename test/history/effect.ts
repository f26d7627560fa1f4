// From when on an invalidation binds a process.

import type { Circumstances, Window } from "./circumstances.ts";
import type { Instant, Invalidation } from "./entries.ts";
import type { Limits } from "./limits.ts";

/** Which promise binds a process from when on, and why not earlier. */
export interface Binding {
  readonly promise: "P3" | "P4" | "P7" | "P11";
  /** `Infinity`: nothing is promised. */
  readonly from: Instant;
  readonly reasons: readonly string[];
}

const NEVER: Binding = Object.freeze({ promise: "P11", from: Infinity, reasons: [] });

/**
 * From when on a read in `process` that starts at `start` must not see what the invalidation ended. In the process that called, at
 * once; elsewhere by P4's bound, put off by everything that keeps the word from getting there. It errs on the late side.
 */
export function bindingOf(
  invalidation: Invalidation,
  process: string,
  start: Instant,
  circumstances: Circumstances,
  limits: Limits,
): Binding {
  const { outcome, end } = invalidation;
  if (outcome === "failed") return NEVER;
  // Pending or not: whoever has been told that it is on its way does not see the old value himself.
  if (invalidation.process === process) return { promise: outcome === "done" ? "P3" : "P11", from: end, reasons: [] };
  if (outcome === "none") return NEVER;
  const knownAt = outcome === "done" ? end : replayedAt(invalidation, circumstances, limits);
  if (knownAt === Infinity) return NEVER;
  const pauseMs = circumstances.longestPause(process, knownAt, start);
  const boundMs = limits.boundMs + limits.turns * pauseMs;
  const reasons = outcome === "done" ? [] : ["it was pending and had to be replayed"];
  if (pauseMs > 0) reasons.push(`an event loop stood still for ${Math.round(pauseMs)} ms`);
  let from = knownAt + boundMs;
  let promise: Binding["promise"] = outcome === "done" ? "P4" : "P11";
  let mayHaveMissed = false;
  for (const window of circumstances.windowsOf(process)) {
    const heardAt = putOff(window, { knownAt, from, boundMs, limits });
    const later = heardAt ?? (mayHaveMissed ? verifiedAt(window, start, boundMs) : undefined);
    if (later === undefined) continue;
    mayHaveMissed ||= window.effect === "bus" || window.effect === "cut";
    from = Math.max(from, later);
    reasons.push(`of ${window.name}`);
    if (window.effect !== "failover") continue;
    promise = "P7";
    // The others have heard of it, but only the one who called must replay it.
    if (circumstances.endOf(invalidation.process) < from) return NEVER;
  }
  return { promise, from, reasons };
}

interface Delivery {
  /** The authority has it. */
  readonly knownAt: Instant;
  /** By now the process would know if nothing else came between. */
  readonly from: Instant;
  readonly boundMs: number;
  readonly limits: Limits;
}

/** When the word arrives in spite of a fault; `undefined` if the fault does not touch it. */
function putOff(window: Window, { knownAt, from, boundMs, limits }: Delivery): Instant | undefined {
  const { effect, to, recoveryMs, extraMs } = window;
  if (effect === "lock") return undefined;
  if (effect === "failover" && knownAt < window.from - limits.failoverLossMs) return undefined;
  if (effect === "bus" && window.from > knownAt + boundMs + limits.gapMs) return undefined;
  if (effect !== "failover" && window.from > from) return undefined;
  if (knownAt > to + (effect === "slow" ? extraMs : recoveryMs)) return undefined;
  // Whether the loss is noticed is for the process to see to, within the limit, if it can ask the authority.
  if (effect === "bus") return Math.max(knownAt, window.from) + limits.divergenceMs + boundMs;
  if (effect === "slow") return knownAt + boundMs + extraMs;
  return to + recoveryMs + boundMs;
}

/**
 * When a copy that is suspect since the word may have been missed is verified, if it has not been read before: not while
 * the authority cannot be asked, when it is used as it is.
 */
function verifiedAt({ effect, from, to, recoveryMs }: Window, start: Instant, boundMs: number): Instant | undefined {
  return effect === "cut" && from <= start ? to + recoveryMs + boundMs : undefined;
}

/** When the authority has what was pending: the process lives and has been able to reach it for long enough. */
function replayedAt({ process, end }: Invalidation, circumstances: Circumstances, { replayMs }: Limits): Instant {
  let at = end + replayMs;
  for (const { effect, from, to, recoveryMs } of circumstances.windowsOf(process))
    if (effect !== "bus" && effect !== "slow" && from <= at && to + recoveryMs >= end)
      at = Math.max(at, to + recoveryMs + replayMs);
  return circumstances.endOf(process) < at ? Infinity : at;
}
