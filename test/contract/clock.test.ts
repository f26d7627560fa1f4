// Runs the contract of a clock on the system's clock and on the one that tests move.

import { expect, test } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { clockContract } from "./clock.ts";

/** Timers of this process that keep it alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

clockContract("systemClock", () => {
  const others = timers();
  return { clock: systemClock, pass: passOnSystemClock, keepAlives: () => timers() - others };
});

clockContract("FakeClock", () => {
  const clock = new FakeClock();
  return { clock, pass: (ms) => clock.advance(ms), keepAlives: () => clock.pendingKeepAlive };
});

/** Goes round the event loop until the time has passed, and once more for timers that are due. */
async function passOnSystemClock(ms: number): Promise<void> {
  const end = systemClock.now() + ms;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  while (systemClock.now() < end) await turn();
  await turn();
  await turn();
}

test("systemClock counts from the Unix epoch", () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
});
