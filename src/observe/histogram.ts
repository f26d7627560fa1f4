// A histogram of durations: recording is a search among 92 numbers, and nothing is allocated.

import type { Milliseconds } from "../model/duration.ts";
import type { LatencyBucket, LatencyStats } from "../model/stats.ts";

/** Upper bounds of the buckets of one decade: what the buckets told to users end at is among them. */
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
/** From 100 ns to nearly three hours. Multiplied, small powers would not come out as written. */
const DECADES = ["e-4", "e-3", "e-2", "e-1", "e0", "e1", "e2", "e3", "e4", "e5", "e6"];
const BOUNDS: readonly Milliseconds[] = DECADES.flatMap((decade) => STEPS.map((step) => Number(`${step}${decade}`)));

/** Upper bounds of the buckets that users are told of. */
const TOLD: readonly Milliseconds[] = [
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1_000, 2_500, 5_000, 10_000, 30_000, 60_000],
];
const TOLD_AT: readonly number[] = TOLD.map((bound) => BOUNDS.indexOf(bound));

/** Durations, counted by bucket. A bucket holds what is at most its bound and more than the one before. */
export class Histogram {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #count = 0;
  #sumMs: Milliseconds = 0;

  record(durationMs: Milliseconds): void {
    // A clock may be set back by who has injected it.
    const ms = Math.max(0, durationMs);
    this.#counts[bucketOf(ms)]!++;
    this.#count++;
    this.#sumMs += ms;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
  }

  /** What it holds at this moment. */
  snapshot(): LatencyStats {
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      p50Ms: this.#percentile(0.5),
      p95Ms: this.#percentile(0.95),
      p99Ms: this.#percentile(0.99),
      buckets: this.#buckets(),
    };
  }

  /** Within its bucket they are taken to be spread evenly. */
  #percentile(part: number): Milliseconds | undefined {
    if (this.#count === 0) return undefined;
    const rank = part * this.#count;
    let before = 0;
    for (const [index, count] of this.#counts.entries()) {
      if (before + count >= rank && count > 0) {
        const from = BOUNDS[index - 1] ?? 0;
        const to = BOUNDS[index] ?? from;
        return from + ((to - from) * (rank - before)) / count;
      }
      before += count;
    }
    return BOUNDS.at(-1);
  }

  #buckets(): LatencyBucket[] {
    const buckets: LatencyBucket[] = [];
    let count = 0;
    let index = 0;
    for (const [told, at] of TOLD_AT.entries()) {
      for (; index <= at; index++) count += this.#counts[index]!;
      buckets.push({ upToMs: TOLD[told]!, count });
    }
    return [...buckets, { upToMs: Infinity, count: this.#count }];
  }
}

/** The first bucket whose bound is not less. */
function bucketOf(ms: Milliseconds): number {
  let low = 0;
  let high = BOUNDS.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (BOUNDS[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
