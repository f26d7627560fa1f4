// Sends the recorded requests through the shop, many visitors at a time, and measures each of them.
import { setTimeout as delay } from "node:timers/promises";
import type { Product } from "./catalogue.ts";
import type { PriceWatch } from "./price-watch.ts";
import { between, seededRandom, type Random } from "./random.ts";

export interface ReplayOptions {
  readonly requests: readonly number[];
  readonly visitors: number;
  /** Shortest and longest pause of a visitor between two pages: the compressed time. */
  readonly pauseMs: readonly [shortest: number, longest: number];
  readonly seed: number;
  readonly watch: PriceWatch;
  readonly product: (id: number) => Promise<Product>;
  readonly onRequest: (position: number) => void;
}

export interface Replayed {
  readonly elapsedMs: number;
  /** Milliseconds from request to answer, shortest first. */
  readonly latencies: Float64Array;
}

export async function replay(options: ReplayOptions): Promise<Replayed> {
  const random = seededRandom(options.seed);
  const latencies = new Float64Array(options.requests.length);
  const arrivals = options.requests.entries();
  const startedAt = performance.now();

  const visitors = Array.from({ length: options.visitors }, () => visit(options, arrivals, random, latencies));
  await Promise.all(visitors);
  return { elapsedMs: performance.now() - startedAt, latencies: latencies.sort() };
}

/** All visitors take their next request from the same iterator, so the recorded order is kept. */
async function visit(
  { pauseMs: [shortest, longest], product, watch, onRequest }: ReplayOptions,
  arrivals: Iterator<[position: number, id: number]>,
  random: Random,
  latencies: Float64Array,
): Promise<void> {
  for (;;) {
    await delay(between(random, shortest, longest));
    const arrival = arrivals.next();
    if (arrival.done) return;
    const [position, id] = arrival.value;
    onRequest(position);

    const expected = watch.requestBegins(id);
    const beganAt = performance.now();
    const page = await product(id);
    latencies[position] = performance.now() - beganAt;
    watch.requestEnds(expected, page);
  }
}

/** The latency that this share of all requests did not exceed. Expects them sorted. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
