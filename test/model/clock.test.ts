// The system's clock, and the coarse reading of a clock for the fast path.

import { afterEach, describe, expect, test, vi } from "vitest";
import { CoarseClock, systemClock } from "../../src/model/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";

afterEach(() => vi.restoreAllMocks());

/** Takes timers over: records delays, and lets the test fire the last one. */
function interceptTimers() {
  const timers: { delay: number | undefined; fire: () => void; unrefs: number; cleared: boolean }[] = [];
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, delay?: number) => {
    const timer = { delay, fire: task, unrefs: 0, cleared: false, unref: () => timer.unrefs++ };
    timers.push(timer);
    return timer;
  }) as never);
  vi.spyOn(globalThis, "clearTimeout").mockImplementation(
    ((timer: { cleared: boolean }) => (timer.cleared = true)) as never,
  );
  return timers;
}

describe("systemClock", () => {
  test("tells milliseconds since the Unix epoch, and never goes backwards", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
    let last = systemClock.now();
    for (let n = 0; n < 1_000; n++) {
      const now = systemClock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  test("is not moved by the wall clock", () => {
    const before = systemClock.now();
    vi.spyOn(Date, "now").mockReturnValue(0);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  });

  test("runs a task once, after its delay", async () => {
    const started = systemClock.now();
    let runs = 0;
    await new Promise<void>((resolve) => systemClock.schedule(5, () => (runs++, resolve()), true));
    expect(runs).toBe(1);
    expect(systemClock.now() - started).toBeGreaterThanOrEqual(4);
  });

  test("does not keep the process alive, unless it is told to", () => {
    const timers = interceptTimers();
    systemClock.schedule(10, () => undefined);
    systemClock.schedule(10, () => undefined, true);
    expect(timers.map(({ unrefs }) => unrefs)).toEqual([1, 0]);
  });

  test("calls a task off", () => {
    const timers = interceptTimers();
    const cancel = systemClock.schedule(10, () => undefined);
    cancel();
    cancel();
    expect(timers[0]?.cleared).toBe(true);
  });

  test("never runs a task after Infinity, and has nothing to call off then", () => {
    const timers = interceptTimers();
    systemClock.schedule(Infinity, () => undefined)();
    expect(timers).toEqual([]);
  });

  test("waits longer than a timer can, in steps", () => {
    const timers = interceptTimers();
    const longest = 2 ** 31 - 1;
    let runs = 0;
    const cancel = systemClock.schedule(2 * longest + 5, () => runs++);
    for (const delay of [longest, longest, 5]) {
      expect(runs).toBe(0);
      expect(timers.at(-1)).toMatchObject({ delay, unrefs: 1 });
      timers.at(-1)?.fire();
    }
    expect(runs).toBe(1);
    expect(timers).toHaveLength(3);
    cancel();
    expect(timers[2]?.cleared).toBe(true);
  });
});

describe("CoarseClock", () => {
  test("is exact near an instant", async () => {
    const clock = new FakeClock(1_000);
    const coarse = new CoarseClock(clock);
    expect(coarse.isAhead(1_001)).toBe(true);
    expect(coarse.isAhead(1_000)).toBe(false);
    clock.block(1);
    expect(coarse.isAhead(1_001)).toBe(false);
    coarse.stop();
  });

  test("reads the clock less often than it is asked about distant instants", () => {
    const clock = new FakeClock(1_000);
    const now = vi.spyOn(clock, "now");
    const coarse = new CoarseClock(clock);
    for (let n = 0; n < 1_000; n++) expect(coarse.isAhead(1e9)).toBe(true);
    expect(now.mock.calls.length).toBeLessThan(500);
    coarse.stop();
  });

  test.each([11_000, 59_000, 61_000, 600_000])(
    "is exact for %i ms, in a loop without timers, at 0.6 s a turn",
    (span) => {
      const clock = new FakeClock(1_000);
      const coarse = new CoarseClock(clock);
      const instant = clock.now() + span;
      while (clock.now() < instant + 5_000) {
        expect([clock.now(), coarse.isAhead(instant)]).toEqual([clock.now(), clock.now() < instant]);
        clock.block(600);
      }
      coarse.stop();
    },
  );

  test("notices, after a turn of the event loop, that time has passed", async () => {
    const clock = new FakeClock(1_000);
    const coarse = new CoarseClock(clock);
    expect(coarse.isAhead(50_000)).toBe(true);
    await clock.advance(49_000);
    expect(coarse.isAhead(50_000)).toBe(false);
    coarse.stop();
  });

  test("has one timer at most, that keeps nothing alive, and none after stop", async () => {
    const clock = new FakeClock(1_000);
    const coarse = new CoarseClock(clock);
    coarse.isAhead(5);
    coarse.isAhead(1e9);
    coarse.isAhead(5);
    expect([clock.pending, clock.pendingKeepAlive]).toEqual([1, 0]);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
    coarse.isAhead(5);
    coarse.stop();
    expect(clock.pending).toBe(0);
  });
});
