// What every Clock promises. Any clock, ours or a user's, runs this suite.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../src/index.ts";

/** A clock, and what the suite cannot know about it. */
export interface ClockUnderTest {
  readonly clock: Clock;
  /** Comes back when at least so much of the clock's time has passed, and every timer due by then has had its turn. */
  pass(ms: number): Promise<void>;
  /** How many pending tasks keep the process alive. */
  keepAlives(): number;
}

/** A Node timer counts whole milliseconds, and may be up to one early by a finer clock. */
const TOLERANCE_MS = 1;

/** Runs the suite. `make` is called once per test. */
export function clockContract(name: string, make: () => ClockUnderTest): void {
  describe(`the contract of a clock: ${name}`, () => {
    let { clock, pass, keepAlives } = {} as ClockUnderTest;
    let log: string[] = [];
    const logs = (entry: string) => (): void => void log.push(entry);
    beforeEach(() => {
      ({ clock, pass, keepAlives } = make());
      log = [];
    });
    afterEach(() => expect(keepAlives()).toBe(0));

    test("tells a finite instant that never goes back, and moves on as time passes", async () => {
      const readings = Array.from({ length: 100 }, () => clock.now());
      await pass(5);
      readings.push(clock.now());
      expect(readings.every(Number.isFinite)).toBe(true);
      expect(readings).toEqual(readings.toSorted((a, b) => a - b));
      expect(readings.at(-1)! - readings[0]!).toBeGreaterThanOrEqual(5);
    });

    test("runs a task once, after its delay and not before", async () => {
      const begun = clock.now();
      let ranAt = 0;
      clock.schedule(5, () => {
        ranAt = clock.now();
        log.push("ran");
      });
      expect(log).toEqual([]);
      await pass(5 + TOLERANCE_MS);
      await pass(5 + TOLERANCE_MS);
      expect(log).toEqual(["ran"]);
      expect(ranAt - begun).toBeGreaterThanOrEqual(5 - TOLERANCE_MS);
    });

    test("never runs a task before schedule() has returned, not even without a delay", async () => {
      clock.schedule(0, logs("task"));
      log.push("returned");
      await pass(1 + TOLERANCE_MS);
      expect(log).toEqual(["returned", "task"]);
    });

    test("runs tasks in the order in which they are due, those of one instant in the order they came", async () => {
      clock.schedule(8, logs("last"));
      clock.schedule(2, logs("first"));
      clock.schedule(2, logs("second"));
      await pass(8 + TOLERANCE_MS);
      expect(log).toEqual(["first", "second", "last"]);
    });

    test("runs what a task schedules", async () => {
      clock.schedule(1, () => {
        log.push("outer");
        clock.schedule(1, logs("inner"));
      });
      await pass(2 + 2 * TOLERANCE_MS);
      await pass(2 + 2 * TOLERANCE_MS);
      expect(log).toEqual(["outer", "inner"]);
    });

    test("never runs a task that was called off, however often", async () => {
      const cancel = clock.schedule(1, logs("called off"));
      cancel();
      cancel();
      await pass(2 + TOLERANCE_MS);
      expect(log).toEqual([]);
    });

    test("lets a task be called off by another that is due at the same instant", async () => {
      let cancel = (): void => undefined;
      clock.schedule(2, () => cancel());
      cancel = clock.schedule(2, logs("called off"));
      await pass(2 + TOLERANCE_MS);
      expect(log).toEqual([]);
    });

    test("shrugs off the calling off of a task that has run", async () => {
      const cancel = clock.schedule(1, logs("ran"));
      clock.schedule(2, logs("other"));
      await pass(1 + TOLERANCE_MS);
      cancel();
      await pass(2 + TOLERANCE_MS);
      expect(log).toEqual(["ran", "other"]);
    });

    test.each([Infinity, 2 ** 31, 2 ** 40])("a delay of %d ms does not come to its end at once", async (delayMs) => {
      const cancel = clock.schedule(delayMs, logs("too early"));
      await pass(3);
      expect(log).toEqual([]);
      cancel();
      cancel();
    });

    test("keeps the process alive for a task only when told to, and only while it is pending", async () => {
      const cancels = [clock.schedule(1_000, logs("idle")), clock.schedule(2 ** 40, logs("idle"), false)];
      expect(keepAlives()).toBe(0);
      cancels.push(clock.schedule(1_000, logs("called off"), true));
      clock.schedule(1, logs("ran"), true);
      expect(keepAlives()).toBe(2);
      await pass(1 + TOLERANCE_MS);
      expect(keepAlives()).toBe(1);
      for (const cancel of cancels) cancel();
      expect(keepAlives()).toBe(0);
      expect(log).toEqual(["ran"]);
    });
  });
}
