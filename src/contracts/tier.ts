// The seam to places that hold bytes: what a tier outside the process has to do.

import type { Milliseconds } from "../model/duration.ts";

/**
 * A place that holds frames by full key. The memory tier is deliberately not one: it holds live values and answers at
 * once, which spares its callers every maybe-promise. A tier that fails is a miss and an event; it never fails a read.
 */
export interface Tier {
  /** Label in events and statistics, such as `"redis"`. */
  readonly name: string;
  /** The frame, or `undefined`. Whether it is whole and current is judged by the engine. */
  get(fullKey: string): Promise<Uint8Array | undefined>;
  /** Holds a frame for at most `lifetimeMs`; it may be dropped earlier. */
  set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<void>;
  /** Drops a frame. Answers whether there was one. */
  delete(fullKey: string): Promise<boolean>;
  /** Full keys that start with `prefix`, in no order, while others come and go; one may come twice. */
  keys(prefix: string): AsyncIterable<string>;
  /** Releases connections and files. */
  close(): Promise<void>;
}
