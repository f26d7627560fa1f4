// Sends the recorded requests through the shop, in their order, many visitors at a time.
import { setTimeout as delay } from "node:timers/promises";
import { between, seededRandom, type Random } from "./random.ts";

export interface ReplayOptions {
  readonly requests: readonly number[];
  readonly visitors: number;
  /** Shortest and longest pause of a visitor between two pages: the compressed time. */
  readonly pauseMs: readonly [shortest: number, longest: number];
  readonly seed: number;
  readonly onRequest: (position: number) => void;
  /** Serves one request, measures it and has it checked. */
  readonly serve: (id: number, position: number) => Promise<void>;
}

/** Returns how long all requests together took, in milliseconds. */
export async function replay(options: ReplayOptions): Promise<number> {
  const random = seededRandom(options.seed);
  const arrivals = options.requests.entries();
  const startedAt = performance.now();

  const visitors = Array.from({ length: options.visitors }, () => visit(options, arrivals, random));
  await Promise.all(visitors);
  return performance.now() - startedAt;
}

/** All visitors take their next request from the same iterator, so the recorded order is kept. */
async function visit(
  { pauseMs: [shortest, longest], onRequest, serve }: ReplayOptions,
  arrivals: Iterator<[position: number, id: number]>,
  random: Random,
): Promise<void> {
  for (;;) {
    await delay(between(random, shortest, longest));
    const arrival = arrivals.next();
    if (arrival.done) return;
    const [position, id] = arrival.value;
    onRequest(position);
    await serve(id, position);
  }
}

/** The latency that this share of all requests did not exceed. Expects them sorted. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
