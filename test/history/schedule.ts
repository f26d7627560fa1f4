// Which fault comes when, for how long and to whom: all from one seed.

import { seededRandom } from "../support/redis/random.ts";

/** Faults of one worker's connections, and of the worker itself. */
export type WorkerFault =
  | "delay"
  | "black hole"
  | "black hole of the bus"
  | "hold"
  | "hold of the bus"
  | "lost messages"
  | "reset"
  | "reset of the bus"
  | "cut replies"
  | "refuse"
  | "garble"
  | "stop the process"
  | "kill the process";

/** Faults of the server that all share, or of a cluster. */
export type ServerFault =
  | "hang"
  | "crash"
  | "crashAndLoseData"
  | "pauseAll"
  | "pauseWrites"
  | "sleep"
  | "killSubscribers"
  | "killClients"
  | "memoryFull"
  | "tooFewReplicas"
  | "readOnly"
  | "busyScript"
  | "flushScripts"
  | "flushAll"
  | "evict"
  | "wrongPassword"
  | "noMoreClients"
  | "loading"
  | "failover"
  | "forced failover"
  | "crash of a primary";

/** One fault of a schedule. Those of one target never overlap. */
export interface Step {
  /** Milliseconds after the beginning, or later: when the one before is over. */
  readonly at: number;
  readonly forMs: number;
  /** Number of the worker; `undefined`: the server. */
  readonly worker: number | undefined;
  readonly fault: WorkerFault | ServerFault;
  /** A choice that the fault leaves open, in [0, 1). */
  readonly choice: number;
}

/** What a schedule is made for. */
export interface ScheduleOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly workers: number;
  readonly isCluster: boolean;
  /** Only these. Default: all that go with the kind of server. */
  readonly only?: readonly Step["fault"][] | undefined;
  /** Multiplies the time between faults. Default 1. */
  readonly pace?: number | undefined;
  /** Multiplies the time that faults last. Default 1. */
  readonly stretch?: number | undefined;
}

/** After these nothing can be expected for a while: they need time between them, or nothing would ever be judged. */
const HEAVY: readonly Step["fault"][] = [
  ...(["black hole", "hold", "reset", "cut replies", "refuse", "stop the process"] as const),
  ...(["hang", "crash", "crashAndLoseData", "pauseAll", "pauseWrites", "sleep", "killClients", "memoryFull"] as const),
  ...(["tooFewReplicas", "readOnly", "busyScript", "wrongPassword", "noMoreClients", "loading"] as const),
  ...(["failover", "forced failover", "crash of a primary"] as const),
];

const WORKER_FAULTS: readonly WorkerFault[] = [
  ...(["delay", "black hole", "black hole of the bus", "hold", "hold of the bus", "lost messages", "reset"] as const),
  ...(["reset of the bus", "cut replies", "refuse", "garble", "stop the process", "kill the process"] as const),
];
/** Without a proxy in between. */
const PROCESS_FAULTS: readonly WorkerFault[] = ["stop the process", "kill the process"];
const SERVER_FAULTS: readonly ServerFault[] = [
  ...(["hang", "crash", "crashAndLoseData", "pauseAll", "pauseWrites", "sleep", "killSubscribers"] as const),
  ...(["killClients", "memoryFull", "tooFewReplicas", "readOnly", "busyScript", "flushScripts", "flushAll"] as const),
  ...(["wrongPassword", "noMoreClients", "loading", "flushAll", "evict", "evict"] as const),
];
const CLUSTER_FAULTS: readonly ServerFault[] = ["failover", "forced failover", "crash of a primary"];

/** Over as soon as they have happened. */
const INSTANT: readonly Step["fault"][] = [
  ...(["reset", "reset of the bus", "killSubscribers", "killClients", "flushScripts", "flushAll", "evict"] as const),
];

/** Every fault once, in an order that the seed decides, and again. */
export function makeSchedule({
  seed,
  durationMs,
  workers,
  isCluster,
  only,
  pace = 1,
  stretch = 1,
}: ScheduleOptions): readonly Step[] {
  const chosen = <T extends Step["fault"]>(faults: readonly T[]): readonly T[] =>
    only === undefined ? faults : faults.filter((fault) => only.includes(fault));
  const steps: Step[] = [];
  const fill = (lane: number, worker: number | undefined, faults: readonly Step["fault"][]): void => {
    if (faults.length === 0) return;
    const random = seededRandom(seed * 101 + lane);
    const deal = dealer(faults, random);
    let at = (500 + random() * 2_500) * pace;
    while (at < durationMs) {
      const fault = deal();
      const forMs = INSTANT.includes(fault) ? 0 : Math.round((200 + random() ** 2 * 3_300) * stretch);
      steps.push({ at: Math.round(at), forMs, worker, fault, choice: random() });
      // One that meets all processes counts more.
      const restMs = worker === undefined ? 10_000 : 7_000;
      at += forMs + (HEAVY.includes(fault) ? restMs + random() * 3_000 : 800 + random() * 1_200) * pace;
    }
  };
  for (let worker = 0; worker < workers; worker++)
    fill(worker, worker, chosen(isCluster ? PROCESS_FAULTS : WORKER_FAULTS));
  fill(workers, undefined, chosen(isCluster ? CLUSTER_FAULTS : SERVER_FAULTS));
  return steps.sort((one, other) => one.at - other.at);
}

/** A schedule as text, a line for each target. */
export function describeSchedule(steps: readonly Step[]): string {
  const lanes = new Map<string, string[]>();
  for (const { at, forMs, worker, fault } of steps) {
    const target = worker === undefined ? "server" : `worker ${worker}`;
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
