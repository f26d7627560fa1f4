// Closing: lets what is running come to its end, within a deadline, and gives the rest up.

import { CacheError } from "../errors.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Engine } from "./engine.ts";
import { abandon, dropRun } from "./refresh.ts";

/**
 * Waits for running refreshes, at most `timeoutMs`; then aborts them. Those that have not begun never will.
 * No new ones may begin meanwhile.
 */
export async function drain(engine: Engine, timeoutMs: Milliseconds): Promise<void> {
  const { flights, clock } = engine;
  flights.close();
  for (const { run } of [...flights.running()]) if (run.startedAt === undefined) dropRun(engine, run);
  const running = [...flights.running()];
  if (running.length === 0) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.schedule(timeoutMs, resolve, true);
    void Promise.all(running.map(({ landing }) => landing)).then(() => {
      cancel();
      resolve();
    });
  });
  const closed = new CacheError("closed", "the cache was closed before this refresh ended");
  for (const flight of running) abandon(engine, flight, closed, false);
}
