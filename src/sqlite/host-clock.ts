// The clock of the authority: one for all processes of the host, whatever is done to the clock on the wall.

import { readFileSync } from "node:fs";
import type { Instant, Milliseconds } from "../model/duration.ts";

/** Time since some instant before the host was started, as the system counts it for all of its processes. */
function hostUptime(): Milliseconds {
  // Not `hrtime.bigint`, which takes three times as long: every read asks for this.
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** How the file says what its instants mean: host time plus this is milliseconds since the Unix epoch. */
export interface ClockRecord {
  /** Which run of the host the offset is of. */
  readonly boot: string;
  readonly offsetMs: Milliseconds;
}

/** Where the run of the host cannot be told by its id: how far the clock on the wall may be set within one. */
const MAX_STEP_MS: Milliseconds = 30_000;
/** From this on, a clock on the wall that has gone ahead (a suspended host, a correction) is followed. */
export const FOLLOW_MS: Milliseconds = 1_000;

const UNKNOWN_BOOT = "";

let ownBoot: string | undefined;

/** The id of this run of the host, where the system tells it. */
function bootId(): string {
  ownBoot ??= readBootId();
  return ownBoot;
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return UNKNOWN_BOOT;
  }
}

/** What would be written now by the clock on the wall. */
export function newClockRecord(): ClockRecord {
  return { boot: bootId(), offsetMs: Date.now() - hostUptime() };
}

/** Whether a record is of this run of the host. If not, what was written last may have been lost with its power. */
export function isOfThisBoot({ boot, offsetMs }: ClockRecord): boolean {
  const own = newClockRecord();
  if (boot !== UNKNOWN_BOOT && own.boot !== UNKNOWN_BOOT) return boot === own.boot;
  return Math.abs(own.offsetMs - offsetMs) < MAX_STEP_MS;
}

/** How far the clock on the wall is ahead of the authority's. */
export function aheadMs(offsetMs: Milliseconds): Milliseconds {
  return Date.now() - hostNow(offsetMs);
}

/** The present instant by the authority's clock. */
export function hostNow(offsetMs: Milliseconds): Instant {
  return hostUptime() + offsetMs;
}
