// How much time a legal history may take for what.

/** Option `timeout` of the Redis tier. Above the default, for machines that have too much to do. */
export const TIMEOUT_MS = 250;

/** Durations in milliseconds. */
export interface Limits {
  /** P4, first half: an invalidation reaches a connected process within this. Delays of event loops come on top. */
  readonly boundMs: number;
  /** P4, second half: the tier's `divergenceLimit`. */
  readonly divergenceMs: number;
  /** Within this a process whose bus works notices that it has missed a message: what is lost later is another matter. */
  readonly gapMs: number;
  /** From the end of a refresh, or the call of a `set`, to the instant from which the value's life is counted. */
  readonly storeMs: number;
  /** After a pending call its write may still happen: as long as a command may take, and some more. */
  readonly lateMs: number;
  /** How long a process that can reach the authority again needs to replay what is pending. */
  readonly replayMs: number;
  /** A message passes so many turns of an event loop. */
  readonly turns: number;
  /** Who stood still for longer than this missed answers that were there: commands count as failed. */
  readonly longPauseMs: number;
  /** How long it then needs to find back. */
  readonly pauseRecoveryMs: number;
  /** What servers acknowledged so shortly before a failover may be lost until it is replayed. */
  readonly failoverLossMs: number;
}

/** Those of the runs here. */
export const LIMITS: Limits = Object.freeze({
  // The clock, the epochs and the write itself may each take as long as a command may.
  storeMs: 3 * TIMEOUT_MS,
  boundMs: 250,
  divergenceMs: 1_000,
  // The message's number is said once more after 250 ms, and a missing one given another 200 ms to come.
  gapMs: 600,
  lateMs: 1_000,
  replayMs: 5_000,
  turns: 3,
  longPauseMs: 150,
  pauseRecoveryMs: 1_500,
  failoverLossMs: 2_000,
});
