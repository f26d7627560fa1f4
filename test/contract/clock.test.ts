// Runs the contract of a clock on the system's clock and on the one that tests move.

import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { clockContract } from "./clock.ts";

/** The pending timers of the clock. The process has others, the test runner's, which come and go. */
const pending = new Set<NodeJS.Timeout>();
const { setTimeout: set, clearTimeout: clear } = globalThis;
vi.stubGlobal("setTimeout", (task: () => void, ms: number) => {
  const timer = set(() => {
    pending.delete(timer);
    task();
  }, ms);
  pending.add(timer);
  return timer;
});
vi.stubGlobal("clearTimeout", (timer: NodeJS.Timeout) => {
  pending.delete(timer);
  clear(timer);
});

clockContract("systemClock", () => {
  pending.clear();
  const keepAlives = (): number => [...pending].filter((timer) => timer.hasRef()).length;
  return { clock: systemClock, pass: passOnSystemClock, keepAlives };
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
