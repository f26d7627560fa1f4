// The seam to time: everything that waits or asks for the time does it through a Clock.

import type { Instant, Milliseconds } from "../model/duration.ts";

/** Calls a scheduled task off; does nothing once it ran. */
export type Cancel = () => void;

/** Source of time and timers of a cache. Inject one to steer time in tests. */
export interface Clock {
  /** The present instant: milliseconds since the Unix epoch. It never goes backwards. */
  now(): Instant;
  /**
   * Runs `task` once, `delayMs` from now; `Infinity` never. A pending task does not keep the process alive,
   * unless `keepAlive` says that a caller is waiting for it.
   */
  schedule(delayMs: Milliseconds, task: () => void, keepAlive?: boolean): Cancel;
}
