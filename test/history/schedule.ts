// Which fault comes when, for how long and to whom: all from one seed.

import { seededRandom } from "../support/redis/random.ts";
import { FAULTS_OF, HEAVY, INSTANT } from "./fault-names.ts";
import type { Fault, StoreKind } from "./fault-names.ts";

/** One fault of a schedule. Those of one target never overlap. */
export interface Step {
  /** Milliseconds after the beginning, or later: when the one before is over. */
  readonly at: number;
  readonly forMs: number;
  /** Number of the worker; `undefined`: what all of them share. */
  readonly worker: number | undefined;
  readonly fault: Fault;
  /** A choice that the fault leaves open, in [0, 1). */
  readonly choice: number;
}

/** What a schedule is made for. */
export interface ScheduleOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly workers: number;
  readonly store: StoreKind;
  /** Only these. Default: all that go with the store. */
  readonly only?: readonly Fault[] | undefined;
  /** Multiplies the time between faults. Default 1. */
  readonly pace?: number | undefined;
  /** Multiplies the time that faults last. Default 1. */
  readonly stretch?: number | undefined;
}

/** Every fault once, in an order that the seed decides, and again. */
export function makeSchedule({
  seed,
  durationMs,
  workers,
  store,
  only,
  pace = 1,
  stretch = 1,
}: ScheduleOptions): readonly Step[] {
  const chosen = <T extends Fault>(faults: readonly T[]): readonly T[] =>
    only === undefined ? faults : faults.filter((fault) => only.includes(fault));
  const { rests } = FAULTS_OF[store];
  const steps: Step[] = [];
  const fill = (lane: number, worker: number | undefined, faults: readonly Fault[]): void => {
    if (faults.length === 0) return;
    const random = seededRandom(seed * 101 + lane);
    const deal = dealer(faults, random);
    let at = (500 + random() * 2_500) * pace;
    while (at < durationMs) {
      const fault = deal();
      const forMs = INSTANT.includes(fault) ? 0 : Math.round((200 + random() ** 2 * 3_300) * stretch);
      steps.push({ at: Math.round(at), forMs, worker, fault, choice: random() });
      // One that meets all processes counts more.
      const heavyMs = worker === undefined ? rests.ofAll : rests.ofWorker;
      at += forMs + (HEAVY.includes(fault) ? heavyMs + random() * 3_000 : rests.light + random() * 1_200) * pace;
    }
  };
  for (let worker = 0; worker < workers; worker++) fill(worker, worker, chosen(FAULTS_OF[store].worker));
  fill(workers, undefined, chosen(FAULTS_OF[store].shared));
  return steps.sort((one, other) => one.at - other.at);
}

/** A schedule as text, a line for each target. */
export function describeSchedule(steps: readonly Step[]): string {
  const lanes = new Map<string, string[]>();
  for (const { at, forMs, worker, fault } of steps) {
    const target = worker === undefined ? "shared" : `worker ${worker}`;
    const lane = lanes.get(target) ?? [];
    lanes.set(target, lane);
    lane.push(`${(at / 1_000).toFixed(1)}s ${fault} ${forMs}ms`);
  }
  return [...lanes].map(([target, faults]) => `${target}: ${faults.join(", ")}`).join("\n");
}

/** Deals all of them before any comes again. */
function dealer<T>(cards: readonly T[], random: () => number): () => T {
  let deck: T[] = [];
  return () => {
    if (deck.length === 0) deck = [...cards];
    return deck.splice(Math.floor(random() * deck.length), 1)[0]!;
  };
}
