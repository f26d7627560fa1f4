// Closing: lets what is running come to its end, within a deadline, and gives the rest up.

import { CacheError } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Engine } from "./engine.ts";
import { abandon, dropRun } from "./refresh.ts";
import type { SharedTier } from "./shared-tier.ts";

/**
 * Waits for running refreshes, at most `timeoutMs`; then aborts them. Those that have not begun never will.
 * No new ones may begin meanwhile.
 */
export async function drain(engine: Engine, timeoutMs: Milliseconds): Promise<void> {
  const { clock } = engine;
  const endsAt = clock.now() + timeoutMs;
  await drainFlights(engine, timeoutMs);
  if (engine.shared !== undefined) await closeShared(engine, engine.shared, endsAt);
}

/** Writes and invalidations under way come to their end, and what is pending gets one more try; then the tier closes. */
async function closeShared(
  { clock, observer, tasks, copies }: Engine,
  shared: SharedTier,
  endsAt: Instant,
): Promise<void> {
  const last = async (): Promise<void> => {
    await tasks.settled();
    if (shared.recovery.pending > 0) await shared.recovery.tryNow();
  };
  await within(clock, endsAt - clock.now(), last());
  await shared.close();
  await copies?.close();
  // What was still under way has failed with that, and counts.
  await tasks.settled();
  const count = shared.recovery.pending;
  if (count > 0 && observer.wants("pendingLost")) observer.notify({ type: "pendingLost", tier: shared.name, count });
}

/** Waits for `work`, but not longer than `timeoutMs`. */
async function within(clock: Clock, timeoutMs: Milliseconds, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.schedule(Math.max(0, timeoutMs), resolve, true);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}

async function drainFlights(engine: Engine, timeoutMs: Milliseconds): Promise<void> {
  const { flights, clock } = engine;
  flights.close();
  for (const { run } of [...flights.running()]) if (run.startedAt === undefined) dropRun(engine, run);
  const running = [...flights.running()];
  if (running.length === 0) return;
  await within(clock, timeoutMs, Promise.all(running.map(({ landing }) => landing)));
  const closed = new CacheError("closed", "the cache was closed before this refresh ended");
  for (const flight of running) abandon(engine, flight, closed, false);
}
