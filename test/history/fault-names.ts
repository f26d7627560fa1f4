// The names of all faults, and which of them go with which store.

/** What the processes share: a Redis server, a cluster of them, or a SQLite file. */
export type StoreKind = "redis" | "cluster" | "sqlite";

/** Every store. */
export const STORE_KINDS: readonly StoreKind[] = ["redis", "cluster", "sqlite"];

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

/** Faults of the file that all share. */
export type FileFault =
  | "lock"
  | "exclusive lock"
  | "checkpoint"
  | "removed file"
  | "removed log"
  | "replaced file"
  | "overwritten file"
  | "truncated log";

/** Any fault. */
export type Fault = WorkerFault | ServerFault | FileFault;

/** After these nothing can be expected for a while: they need time between them, or nothing would ever be judged. */
export const HEAVY: readonly Fault[] = [
  ...(["black hole", "hold", "reset", "cut replies", "refuse", "stop the process"] as const),
  ...(["hang", "crash", "crashAndLoseData", "pauseAll", "pauseWrites", "sleep", "killClients", "memoryFull"] as const),
  ...(["tooFewReplicas", "readOnly", "busyScript", "wrongPassword", "noMoreClients", "loading"] as const),
  ...(["failover", "forced failover", "crash of a primary"] as const),
];

/** Over as soon as they have happened. */
export const INSTANT: readonly Fault[] = [
  ...(["reset", "reset of the bus", "killSubscribers", "killClients", "flushScripts", "flushAll", "evict"] as const),
  ...(["checkpoint", "removed file", "removed log", "replaced file", "overwritten file", "truncated log"] as const),
];

/** Those of each worker, and those of what all share. What is there twice comes twice as often. */
interface StoreFaults {
  readonly worker: readonly WorkerFault[];
  readonly shared: readonly (ServerFault | FileFault)[];
  /** Shortest time between two, in milliseconds: after a light one, and after a heavy one of a worker or of all. */
  readonly rests: { readonly light: number; readonly ofWorker: number; readonly ofAll: number };
}

const RESTS = { light: 800, ofWorker: 7_000, ofAll: 10_000 };

/** The faults of each store. */
export const FAULTS_OF: Readonly<Record<StoreKind, StoreFaults>> = {
  redis: {
    rests: RESTS,
    worker: [
      ...(["delay", "black hole", "black hole of the bus", "hold", "hold of the bus", "lost messages"] as const),
      ...(["reset", "reset of the bus", "cut replies", "refuse", "garble"] as const),
      ...(["stop the process", "kill the process"] as const),
    ],
    shared: [
      ...(["hang", "crash", "crashAndLoseData", "pauseAll", "pauseWrites", "sleep", "killSubscribers"] as const),
      ...(["killClients", "memoryFull", "tooFewReplicas", "readOnly", "busyScript", "flushScripts"] as const),
      ...(["flushAll", "wrongPassword", "noMoreClients", "loading", "flushAll", "evict", "evict"] as const),
    ],
  },
  // Without a proxy in between.
  cluster: {
    rests: RESTS,
    worker: ["stop the process", "kill the process"],
    shared: ["failover", "forced failover", "crash of a primary"],
  },
  sqlite: {
    // Nothing has to be connected: who may go on goes on.
    rests: { light: 2_500, ofWorker: 4_000, ofAll: 4_000 },
    worker: ["stop the process", "kill the process", "kill the process"],
    shared: [
      ...(["lock", "exclusive lock", "lock", "checkpoint", "checkpoint", "removed file", "removed log"] as const),
      ...(["replaced file", "overwritten file", "truncated log"] as const),
    ],
  },
};
