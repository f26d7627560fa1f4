// What the coordinator and its worker processes say to each other. Keys and processes go by their numbers.

import type { Instant, Outcome } from "./entries.ts";

/** The shared tier of a worker: which one, and its options. */
export interface TierChoice {
  readonly name: "redis" | "sqlite";
  readonly options: Readonly<Record<string, unknown>>;
}

/** How a worker reaches what all share, and how it works. */
export interface WorkerConfig {
  /** Modules to import. */
  readonly cacheUrl: string;
  readonly tierUrl: string;
  readonly tier: TierChoice;
  /** Of this process; values name it. */
  readonly processIndex: number;
  readonly seed: number;
  readonly maxEntries: number;
  /** How many operations run at a time. */
  readonly lanes: number;
  /** The longest that a lane rests between two operations. */
  readonly restMs: number;
}

/** A question to the source of truth. */
export type DatabaseRequest =
  | readonly [id: number, kind: "read", keys: readonly number[]]
  /** New versions of `keys`; the answer holds the versions of all that is `covered`, those included. */
  | readonly [id: number, kind: "commit", keys: readonly number[], covered: readonly number[]];

/** What a worker saw and did. */
export type Row =
  | readonly [
      kind: "read",
      key: number,
      start: Instant,
      end: Instant,
      value: readonly [key: number, version: number, setBy: number, loadedAt: Instant, madeBy: number] | null,
    ]
  | readonly [kind: "failed", key: number, start: Instant, end: Instant, message: string]
  | readonly [
      kind: "invalidation",
      id: number,
      verb: string,
      start: Instant,
      end: Instant,
      outcome: Outcome,
      isSoft: boolean,
      keys: readonly number[],
      versions: readonly number[],
    ]
  | readonly [kind: "pause", from: Instant, to: Instant];

/** What the coordinator asks of a worker. */
export type Question =
  /** Stop working; the answer comes when nothing is under way. */
  | { readonly what: "rest" }
  /** Read every key: as callers with a refresh do, as those without, or from the shared tier alone. */
  | { readonly what: "read all"; readonly from: "all" | "peek" | "shared" }
  | { readonly what: "health" }
  | { readonly what: "close" };

/** From the coordinator. */
export type ToWorker =
  | { readonly kind: "config"; readonly config: WorkerConfig }
  | { readonly kind: "database"; readonly answers: readonly (readonly [id: number, versions: readonly number[]])[] }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question };

/** From a worker. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "database"; readonly requests: readonly DatabaseRequest[] }
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown; readonly error?: string };

/** Milliseconds on the clock that all processes share. */
export function instant(): Instant {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
