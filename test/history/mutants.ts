// The mechanisms that keep the promises, each with the text that takes it out and the faults that show it soonest.

import type { Edit } from "../support/bundle.ts";
import type { Fault, StoreKind } from "./fault-names.ts";

/** A package without one of its mechanisms. */
export interface Mutant {
  /** What is taken out. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Default `"redis"`. */
  readonly store?: StoreKind;
  readonly only: readonly Fault[];
  /** Multiplies the time between faults. */
  readonly pace: number;
  /** Multiplies the time that faults last. Default 1. */
  readonly stretch?: number;
  /**
   * Multiplies the time that workers rest. A process that hears nothing shows it by a copy that has outlived what is
   * allowed; one that itself invalidates every key several times a second has no such copies.
   */
  readonly calm?: number;
}

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  {
    // The authority stores what a flight brings whose lease has ended.
    name: "the lease check",
    edits: [
      {
        file: "redis/write-scripts.ts",
        find: "if redis.call('GET', KEYS[2]) ~= ARGV[11] then",
        replace: "if false then",
      },
    ],
    only: ["hold of the bus", "lost messages", "black hole of the bus", "delay"],
    pace: 0.3,
  },
  {
    // A caller joins, and memory takes, what began before the invalidation.
    name: "the fence",
    edits: [
      {
        file: "engine/single-flight.ts",
        find: "    flight.fenced = true;",
        replace: "    return;",
      },
    ],
    only: ["delay"],
    pace: 0.3,
  },
  {
    // Copies from before the bus was lost are believed when it is back.
    name: "the trust token",
    edits: [
      { file: "engine/trust.ts", find: "entry.asOf >= this.since && ", replace: "" },
      { file: "engine/shared-epochs.ts", find: " || known.asOf < trust.since", replace: "" },
    ],
    only: ["black hole of the bus", "reset of the bus", "killSubscribers"],
    pace: 0.3,
  },
  {
    // An epoch that got lost comes back as it was at first.
    name: "the minting of epochs",
    edits: [
      {
        file: "redis/epoch-scripts.ts",
        find: "local stamp = string.format('%.0f', time[1] * 1000000 + time[2]) .. '-' .. ARGV[1]",
        replace: "local stamp = '1-1'",
      },
    ],
    only: ["evict"],
    pace: 0.1,
  },
  {
    // What is pending counts as done again although nothing was done.
    name: "the replay",
    edits: [
      { file: "engine/recovery.ts", find: "    if (!(await this.#do(invalidation))) return false;\n", replace: "" },
    ],
    only: ["pauseWrites", "tooFewReplicas", "readOnly"],
    pace: 0.1,
  },
  {
    // While an invalidation is pending, its process believes what the authority still holds.
    name: "the gate",
    edits: [
      {
        file: "engine/recovery.ts",
        find: "return this.#pending.size > 0 && this.#pending.has(id);",
        replace: "return false;",
      },
      { file: "engine/recovery.ts", find: "if (this.#pending.has(epoch)) return true;", replace: "" },
    ],
    only: ["pauseWrites", "tooFewReplicas", "readOnly"],
    pace: 0.2,
  },
  {
    // A lost message goes unnoticed.
    name: "the numbers of messages",
    edits: [{ file: "redis/gap-alarm.ts", find: "if (this.#sequences.hasGap()) this.#onGap();", replace: "" }],
    only: ["lost messages"],
    pace: 0.1,
    stretch: 2,
    calm: 40,
  },
  {
    // A process hears of nothing that others invalidate.
    name: "the word of others",
    edits: [
      {
        file: "engine/hear.ts",
        find: "  applyHere(engine, invalidation);\n  if (isOwn) return;\n",
        replace: "  if (isOwn) return;\n",
      },
    ],
    only: ["delay"],
    pace: 1,
  },
  {
    // Values are served while they are refreshed, however old they are.
    name: "the end of the stale window",
    edits: [
      { file: "model/entry.ts", find: 'if (now < entry.staleUntil) return "stale";', replace: 'return "stale";' },
    ],
    only: ["delay"],
    pace: 1,
  },
  {
    // A bus that has gone silent counts as live.
    name: "the probe of the bus",
    edits: [
      {
        file: "engine/trust.ts",
        find: "this.since !== Infinity && this.#isTimely",
        replace: "this.since !== Infinity",
      },
      { file: "redis/bus.ts", find: "this.#probe.unheardMs >= this.#parts.divergenceLimitMs", replace: "false" },
      { file: "redis/bus.ts", find: "this.#isLive && this.#parts.clock.now() >= this.#trustedUntil", replace: "false" },
    ],
    only: ["black hole of the bus"],
    pace: 0.2,
    // What is not noticed shows only once the time has passed for which it is allowed.
    stretch: 3,
    calm: 40,
  },
];
