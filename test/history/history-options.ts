// What a run is to be like, and what comes of it.

import type { Edit } from "../support/bundle.ts";
import type { Modules } from "./bundle.ts";
import type { Violation } from "./checker.ts";
import type { Fault, StoreKind } from "./fault-names.ts";

/** What a run is to be like. */
export interface HistoryOptions {
  /** The schedule of faults and the operations of every process follow from it; how they interleave does not. */
  readonly seed: number;
  /** How long there are faults. */
  readonly forMs: number;
  /** They go on until there have been so many invalidations, at most twice as long. Default 0. */
  readonly atLeast?: number;
  /** Default `"redis"`. */
  readonly store?: StoreKind;
  /** Texts of src to replace: to see whether the run notices. */
  readonly edits?: readonly Edit[];
  /** Other modules in place of the package and its shared tiers. */
  readonly modules?: Modules;
  /** Only these faults. */
  readonly only?: readonly Fault[];
  /** Multiplies the time between faults. */
  readonly pace?: number;
  /** Multiplies the time that faults last. */
  readonly stretch?: number | undefined;
  /** Multiplies the time that workers rest between operations. */
  readonly calm?: number | undefined;
  /** Ends with the first violation. */
  readonly isStoppedByViolation?: boolean;
}

/** What came of it. */
export interface HistoryResult {
  readonly violations: readonly Violation[];
  /** Calls by verb. */
  readonly invalidations: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Judged, and how many of those nothing excused. */
  readonly reads: number;
  readonly calmReads: number;
  readonly processes: number;
  readonly faults: readonly string[];
  /** When the first violation was found, counted from the beginning. */
  readonly foundAfterMs: number | undefined;
}
