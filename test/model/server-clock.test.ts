// The bounds of the authority's clock: they hold whatever the network and the crystals do.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServerClock } from "../../src/model/server-clock.ts";
import { FakeClock } from "../support/fake-clock.ts";

const START = 1_000_000;
const DRIFT = 200e-6;
/** Doubles of this size lie a quarter of a microsecond apart. */
const ROUNDING_MS = 0.01;

function make(): { readonly clock: FakeClock; readonly server: ServerClock } {
  const clock = new FakeClock(START);
  return { clock, server: new ServerClock(clock) };
}

describe("without a sample", () => {
  test("nothing is known: the server may be anywhere, and everything may be over", () => {
    const { server } = make();
    expect([server.isKnown, server.isOld]).toEqual([false, true]);
    expect([server.earliestAt(START), server.latestNow()]).toEqual([-Infinity, Infinity]);
    expect(server.toLocal(START)).toBe(-Infinity);
    expect(server.toLocal(Infinity)).toBe(Infinity);
  });
});

describe("with a sample", () => {
  test("the server may be as late and as early as the reply allows", () => {
    const { clock, server } = make();
    clock.block(10);
    server.sample(5_000, START, START + 10);
    expect([server.isKnown, server.isOld]).toEqual([true, false]);
    // It showed 5,000 when we sent at the earliest: 10 ms ago, in which it may have gained 10 × 0.0002.
    expect(server.latestNow()).toBeCloseTo(5_010.002, 6);
    expect(server.toLocal(5_010.002)).toBeCloseTo(START + 10, 6);
    // And when we received at the latest: now.
    expect(server.earliestAt(clock.now())).toBeCloseTo(5_000, 6);
  });

  test("bounds widen with time, in both directions", () => {
    const { clock, server } = make();
    server.sample(5_000, START, START);
    clock.block(10_000);
    expect(server.latestNow()).toBeCloseTo(15_000 + 10_000 * DRIFT, 6);
    expect(server.earliestAt(clock.now())).toBeCloseTo(15_000 - 10_000 * DRIFT, 6);
    expect(server.toLocal(15_000)).toBeCloseTo(START + 10_000 / (1 + DRIFT), 6);
    expect(server.toLocal(4_000)).toBeCloseTo(START - 1_000 / (1 - DRIFT), 6);
    expect(server.toLocal(Infinity)).toBe(Infinity);
    expect(server.toLocal(-Infinity)).toBe(-Infinity);
  });

  test("a slow reply does not undo what a fast one has shown", () => {
    const { clock, server } = make();
    server.sample(5_000, START, START);
    clock.block(1_000);
    server.sample(5_500, START, START + 1_000);
    expect(server.latestNow()).toBeCloseTo(6_000 + 1_000 * DRIFT, 6);
    expect(server.earliestAt(clock.now())).toBeCloseTo(6_000 - 1_000 * DRIFT, 6);
  });

  test("a fast reply narrows what a slow one has left open", () => {
    const { clock, server } = make();
    clock.block(1_000);
    server.sample(5_000, START, START + 1_000);
    expect(server.latestNow()).toBeCloseTo(6_000 + 1_000 * DRIFT, 6);
    expect(server.earliestAt(clock.now())).toBeCloseTo(5_000, 6);
    server.sample(5_300, START + 1_000, START + 1_000);
    expect([server.earliestAt(clock.now()), server.latestNow()]).toEqual([
      expect.closeTo(5_300, 6) as number,
      expect.closeTo(5_300, 6) as number,
    ]);
  });

  test("a reply that contradicts what is known replaces it: the server's clock was set, or we were suspended", () => {
    for (const stepMs of [-60_000, 60_000]) {
      const { clock, server } = make();
      server.sample(5_000, START, START);
      clock.block(100);
      server.sample(5_100 + stepMs, START + 95, START + 100);
      expect(server.latestNow()).toBeCloseTo(5_105 + stepMs + 5 * DRIFT, 6);
      expect(server.earliestAt(clock.now())).toBeCloseTo(5_100 + stepMs, 6);
      expect(server.toLocal(server.latestNow())).toBeCloseTo(START + 100, 6);
    }
  });

  test("a reply noted late counts from when it was received, and does not make knowledge old", () => {
    const { clock, server } = make();
    clock.block(40_000);
    server.sample(45_000, START, START + 40_000);
    server.sample(5_000, START, START);
    expect(server.isOld).toBe(false);
    expect(server.latestNow()).toBeCloseTo(45_000 + 40_000 * DRIFT, 6);
    expect(server.earliestAt(clock.now())).toBeCloseTo(45_000, 6);
    const { clock: clock2, server: another } = make();
    clock2.block(40_000);
    another.sample(5_000, START, START + 40_000);
    another.sample(5_000, START, START);
    expect(another.earliestAt(clock2.now())).toBeCloseTo(45_000 - 40_000 * DRIFT, 6);
  });

  test("a reply noted late does not replace a later one that it contradicts", () => {
    const { clock, server } = make();
    clock.block(100);
    server.sample(70_100, START + 100, START + 100);
    server.sample(5_000, START, START);
    expect(server.latestNow()).toBeCloseTo(70_100, 6);
  });

  test("knowledge is old after 30 s, and new again after another reply", () => {
    const { clock, server } = make();
    server.sample(5_000, START, START);
    clock.block(30_000);
    expect(server.isOld).toBe(false);
    clock.block(1);
    expect(server.isOld).toBe(true);
    server.sample(35_001, clock.now(), clock.now());
    expect(server.isOld).toBe(false);
  });

  test("what is forgotten plays no part any more", () => {
    const { clock, server } = make();
    server.sample(5_000, START, START);
    server.forget();
    expect([server.isKnown, server.isOld, server.latestNow()]).toEqual([false, true, Infinity]);
    expect(server.earliestAt(clock.now())).toBe(-Infinity);
    clock.block(10);
    server.sample(5_007, START, START + 10);
    expect(server.latestNow()).toBeCloseTo(5_017.002, 6);
    expect(server.earliestAt(clock.now())).toBeCloseTo(5_007, 6);
  });

  test("a reply that cannot be read tells nothing", () => {
    const { server } = make();
    server.sample(NaN, START, START);
    expect(server.isKnown).toBe(false);
    server.sample(5_000, START, START);
    server.sample(NaN, START, START);
    expect(server.latestNow()).toBeCloseTo(5_000, 6);
  });
});

/** A server whose clock runs evenly, somewhat fast or slow. */
interface World {
  readonly offsetMs: number;
  readonly rate: number;
  /** Since the last reply; on the way there; on the way back; and whether the reply is noted before the one before it. */
  readonly replies: readonly { gapMs: number; thereMs: number; backMs: number; swap: boolean }[];
  readonly laterMs: number;
  readonly awayMs: number;
}

const delay = fc.oneof(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0, max: 3_000, noNaN: true }));
// Never nothing: of two replies received at one instant, which is the later?
const gap = fc.oneof(fc.double({ min: 1, max: 100, noNaN: true }), fc.double({ min: 1, max: 600_000, noNaN: true }));
const world: fc.Arbitrary<World> = fc.record({
  offsetMs: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
  rate: fc.oneof(fc.constantFrom(-DRIFT, 0, DRIFT), fc.double({ min: -DRIFT, max: DRIFT, noNaN: true })),
  replies: fc.array(fc.record({ gapMs: gap, thereMs: delay, backMs: delay, swap: fc.boolean() }), {
    minLength: 1,
    maxLength: 20,
  }),
  laterMs: gap,
  awayMs: fc.double({ min: -1e7, max: 1e7, noNaN: true }),
});

describe("for any server that drifts no further than it may, and any delays", () => {
  /** Plays the replies; gives the server's true clock as a function of ours. */
  function play({ offsetMs, rate, replies, laterMs }: World) {
    const { clock, server } = make();
    const trueAt = (local: number): number => local + offsetMs + rate * (local - START);
    let held: (() => void) | undefined;
    for (const { gapMs, thereMs, backMs, swap } of replies) {
      clock.block(gapMs);
      const sentAt = clock.now();
      clock.block(thereMs);
      const serverAt = trueAt(clock.now());
      clock.block(backMs);
      const receivedAt = clock.now();
      const note = (): void => server.sample(serverAt, sentAt, receivedAt);
      if (swap && held === undefined) held = note;
      else {
        note();
        held?.();
        held = undefined;
      }
    }
    held?.();
    clock.block(laterMs);
    return { clock, server, trueAt };
  }

  test("latestNow is never early, and late by no more than the best round trip and drift", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { clock, server, trueAt } = play(given);
        const tooLateMs = server.latestNow() - trueAt(clock.now());
        expect(tooLateMs).toBeGreaterThanOrEqual(-ROUNDING_MS);
        const last = given.replies.at(-1) as World["replies"][number];
        const trip = last.thereMs + last.backMs;
        expect(tooLateMs).toBeLessThanOrEqual(trip + 2 * DRIFT * (trip + given.laterMs) + ROUNDING_MS);
      }),
      { numRuns: 1_000 },
    );
  });

  test("earliestAt is never late, at any instant, and early by no more than the best round trip and drift", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { clock, server, trueAt } = play(given);
        const instant = clock.now() + given.awayMs;
        const tooEarlyMs = trueAt(instant) - server.earliestAt(instant);
        expect(tooEarlyMs).toBeGreaterThanOrEqual(-ROUNDING_MS);
        const last = given.replies.at(-1) as World["replies"][number];
        const trip = last.thereMs + last.backMs;
        const away = Math.abs(given.awayMs) + given.laterMs + trip;
        expect(tooEarlyMs).toBeLessThanOrEqual(trip + 2 * DRIFT * away + ROUNDING_MS);
      }),
      { numRuns: 1_000 },
    );
  });

  test("toLocal is never late, wherever the instant lies, and early by no more than the best round trip and drift", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { clock, server, trueAt } = play(given);
        const instant = clock.now() + given.awayMs;
        const tooEarlyMs = instant - server.toLocal(trueAt(instant));
        expect(tooEarlyMs).toBeGreaterThanOrEqual(-ROUNDING_MS);
        const last = given.replies.at(-1) as World["replies"][number];
        const trip = last.thereMs + last.backMs;
        const away = Math.abs(given.awayMs) + given.laterMs + trip;
        expect(tooEarlyMs).toBeLessThanOrEqual((trip + 2 * DRIFT * away) * 1.001 + ROUNDING_MS);
      }),
      { numRuns: 1_000 },
    );
  });

  test("the bounds hold again after a step of the server's clock, from the first reply that contradicts", () => {
    fc.assert(
      fc.property(world, fc.constantFrom(-1, 1), fc.double({ min: 0, max: 1e6, noNaN: true }), (given, sign, extra) => {
        const { clock, server, trueAt } = play(given);
        // More than any width the bounds may have.
        const stepMs = sign * (10_000 + extra);
        const sentAt = clock.now();
        clock.block(3);
        const serverAt = trueAt(clock.now()) + stepMs;
        clock.block(4);
        server.sample(serverAt, sentAt, clock.now());
        const tooLateMs = server.latestNow() - trueAt(clock.now()) - stepMs;
        expect(tooLateMs).toBeGreaterThanOrEqual(-ROUNDING_MS);
        expect(tooLateMs).toBeLessThanOrEqual(7.1);
        expect(server.earliestAt(clock.now()) - trueAt(clock.now()) - stepMs).toBeLessThanOrEqual(ROUNDING_MS);
      }),
    );
  });
});
