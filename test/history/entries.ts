// What a history is made of: every operation with its instants, and everything that excuses one.

/** Milliseconds on the monotonic clock that all processes of a machine share. */
export type Instant = number;

/** A process from its start to its end: who comes after it in its place is another. */
export interface Began {
  readonly kind: "began";
  readonly process: string;
  readonly at: Instant;
}

/** A process is gone, however. What it had not reported is unknown. */
export interface Ended {
  readonly kind: "ended";
  readonly process: string;
  readonly at: Instant;
}

/** The source of truth took a new version of a key. For the reader of a violation; nothing is judged by it. */
export interface Commit {
  readonly kind: "commit";
  readonly process: string;
  readonly key: string;
  readonly version: number;
  readonly at: Instant;
}

/** What became of a call that changes something. `failed`: it rejected, and promises nothing. */
export type Outcome = "done" | "pending" | "none" | "failed";

/** A call of a verb that invalidates, `set` included. */
export interface Invalidation {
  readonly kind: "invalidation";
  readonly process: string;
  /** Unique among all processes. Values that a `set` wrote name it. */
  readonly id: number;
  readonly verb: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly outcome: Outcome;
  /** Old values may be served once more, while they are refreshed. */
  readonly isSoft: boolean;
  /** The keys it covers, and for each a version that the source had before the call: what is older is ended. */
  readonly covers: readonly (readonly [key: string, version: number])[];
}

/** What came with a value. */
export interface ReadValue {
  /** The key it was made for. */
  readonly key: string;
  readonly version: number;
  /** The `set` that wrote it; 0 for a refresh. */
  readonly setBy: number;
  /** When its refresh ended, or its `set` was called. */
  readonly loadedAt: Instant;
  /** The process that made it. */
  readonly madeBy: string;
}

/** A call that reads one key, or one key's part of a call that reads several. */
export interface Read {
  readonly kind: "read";
  readonly process: string;
  readonly key: string;
  readonly start: Instant;
  readonly end: Instant;
  /** `undefined`: it found nothing. */
  readonly value: ReadValue | undefined;
  /** How long values of the key may be served after they were stored. */
  readonly lifeMs: number;
}

/** A read that rejected although its refresh had not. */
export interface FailedRead {
  readonly kind: "failed read";
  readonly process: string;
  readonly key: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly message: string;
}

/** An event loop stood still. That of the coordinator carries every byte between processes and servers. */
export interface Pause {
  readonly kind: "pause";
  /** `undefined`: the coordinator. */
  readonly process: string | undefined;
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * What a fault does to the processes it reaches. `cut`: commands may fail, messages may be lost. `bus`: messages may be
 * lost, commands succeed. `slow`: both are late by `extraMs` at most. `failover`: as `cut`, and the servers may have lost
 * what they acknowledged shortly before. `lock`: commands that write may fail, whatever is written is heard of.
 */
export type FaultEffect = "cut" | "bus" | "slow" | "failover" | "lock";

/** A fault begins. To be logged before it is brought about. */
export interface FaultBegan {
  readonly kind: "fault";
  readonly id: number;
  readonly name: string;
  readonly effect: FaultEffect;
  /** `undefined`: all of them. */
  readonly process: string | undefined;
  readonly from: Instant;
  /** How long after its end the processes may need to find back. */
  readonly recoveryMs: number;
  readonly extraMs: number;
}

/** A fault is over. To be logged after it has been undone. */
export interface FaultEnded {
  readonly kind: "healed";
  readonly id: number;
  readonly at: Instant;
}

/** One line of a history. */
export type Entry = Began | Ended | Commit | Invalidation | Read | FailedRead | Pause | FaultBegan | FaultEnded;
