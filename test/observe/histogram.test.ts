// The histogram: percentiles within a bucket's width, buckets that add up.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "../../src/observe/histogram.ts";

function histogramOf(durations: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const duration of durations) histogram.record(duration);
  return histogram;
}

describe("a histogram", () => {
  test("of nothing has no percentiles", () => {
    const { buckets, ...rest } = new Histogram().snapshot();
    expect(rest).toEqual({ count: 0, sumMs: 0, p50Ms: undefined, p95Ms: undefined, p99Ms: undefined });
    expect(buckets.every(({ count }) => count === 0)).toBe(true);
  });

  test("tells percentiles as exactly as its buckets are wide", () => {
    const { count, sumMs, p50Ms, p95Ms, p99Ms } = histogramOf(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    ).snapshot();
    expect([count, sumMs]).toEqual([1_000, 500_500]);
    expect(p50Ms).toBeCloseTo(500, -2);
    expect(p95Ms).toBeCloseTo(950, -2);
    expect(p99Ms).toBeCloseTo(990, -2);
  });

  test("counts what is exactly a bound as at most that", () => {
    const { buckets } = histogramOf([1, 1.0001, 10]).snapshot();
    const upTo = new Map(buckets.map(({ upToMs, count }) => [upToMs, count]));
    expect([upTo.get(0.5), upTo.get(1), upTo.get(2.5), upTo.get(5), upTo.get(10), upTo.get(Infinity)]).toEqual([
      0, 1, 2, 2, 3, 3,
    ]);
  });

  test("takes what is beyond its last bound, and a clock set back, without harm", () => {
    const { count, p50Ms, buckets } = histogramOf([1e12, -5]).snapshot();
    expect([count, buckets.at(-1)?.count, buckets.at(-2)?.count]).toEqual([2, 2, 1]);
    expect(p50Ms).toBeLessThan(0.001);
  });

  test("begins anew after a reset", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    expect(histogram.snapshot()).toEqual(new Histogram().snapshot());
  });

  test("has cumulative buckets that say what a count would, and percentiles in their order", () => {
    const duration = fc.double({ min: 0, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1 }), (durations) => {
        const { buckets, p50Ms, p95Ms, p99Ms } = histogramOf(durations).snapshot();
        for (const { upToMs, count } of buckets) expect(count).toBe(durations.filter((ms) => ms <= upToMs).length);
        expect(p50Ms!).toBeLessThanOrEqual(p95Ms!);
        expect(p95Ms!).toBeLessThanOrEqual(p99Ms!);
      }),
    );
  });
});
