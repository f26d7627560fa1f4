// Every fault, and what callers of a cache may expect while it lasts.

import { FAULTS, sleep } from "../support/redis/faults.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { ConnectionFacts } from "../support/redis/proxy-rules.ts";
import type { RedisServer, Undo } from "../support/redis/redis-server.ts";

/** How far a write gets; `either` where chance decides, because the fault is over in no time. */
export type Outcome = "done" | "pending" | "either";

/** What a fault is done to: the server, and the proxy through which the cache of this process reaches it. */
export interface Site {
  readonly server: RedisServer;
  readonly proxy: Proxy;
}

/** One fault. */
export interface FaultCase {
  readonly name: string;
  begin(site: Site): Promise<Undo>;
  readonly writes: { readonly delete: Outcome; readonly set: Outcome; readonly invalidateTags: Outcome };
  /** Whether it lasts and nothing useful is answered, so that the breaker opens and nobody waits any more. */
  readonly isAway: boolean;
  /** What `health()` says of it; `undefined` where nothing is wrong, or only for a moment. */
  readonly reason: RegExp | undefined;
}

const DONE = { delete: "done", set: "done", invalidateTags: "done" } as const;
const PENDING = { delete: "pending", set: "pending", invalidateTags: "pending" } as const;
const EITHER = { delete: "either", set: "either", invalidateTags: "either" } as const;

/** Three writes, each of which may wait for two answers, take less, on a busy machine as well. */
const SLEEP_MS = 2_000;
const SLOW_MS = 250;
const SLOWISH_MS = 15;

/** The oracle: with this, everything goes on as if there were no fault, because there is none. */
const NO_FAULT: FaultCase = {
  name: "no fault",
  begin: async () => nothing,
  writes: DONE,
  isAway: false,
  reason: undefined,
};

/** What befalls the server: each of `FAULTS` once. */
const SERVER_CASES: readonly FaultCase[] = [
  onServer("hung", "hang", PENDING, true, /did not answer within 100 ms/),
  onServer("crashed", "crash", PENDING, true, /ECONNREFUSED|ECONNRESET/),
  onServer("crashed, and its data is lost", "crashAndLoseData", PENDING, true, /ECONNREFUSED|ECONNRESET/),
  onServer("paused", "pauseAll", PENDING, true, /did not answer within 100 ms/),
  onServer("paused for writes", "pauseWrites", PENDING, true, /did not answer within 100 ms/),
  {
    ...onServer("asleep", "sleep", PENDING, true, /did not answer within 100 ms/),
    begin: ({ server }) => sleep(server, SLEEP_MS),
  },
  onServer("subscribers cut off", "killSubscribers", DONE, false, undefined),
  onServer("clients cut off", "killClients", EITHER, false, undefined),
  onServer("full", "memoryFull", { delete: "done", set: "pending", invalidateTags: "done" }, false, /OOM/),
  onServer("too few replicas", "tooFewReplicas", PENDING, false, /NOREPLICAS/),
  onServer("read-only", "readOnly", PENDING, true, /READONLY|replica/),
  onServer("busy with a script", "busyScript", PENDING, true, /BUSY/),
  onServer("scripts flushed", "flushScripts", DONE, false, undefined),
  onServer("flushed", "flushAll", DONE, false, undefined),
  onServer("wrong password", "wrongPassword", PENDING, true, /WRONGPASS|NOAUTH/),
  onServer("no more clients", "noMoreClients", PENDING, true, /max number of clients|ECONNRESET|EPIPE/),
  onServer("loading", "loading", PENDING, true, /LOADING/),
];

/** What befalls the way between this process and the server. */
const NETWORK_CASES: readonly FaultCase[] = [
  network("black hole", PENDING, true, /did not answer within 100 ms/, ({ proxy }) => {
    const stop = proxy.blackHole();
    return () => {
      stop();
      // A stream with a gap never goes on: what TCP loses, it sends again, or the connection ends.
      proxy.reset();
    };
  }),
  network("black hole for messages", DONE, false, /the bus of redis is not live/, ({ proxy }) => {
    const stop = proxy.blackHole({ on: isBus });
    return () => {
      stop();
      proxy.reset(isBus);
    };
  }),
  network("reset", EITHER, false, undefined, ({ proxy }) => {
    proxy.reset();
    return () => undefined;
  }),
  {
    ...network("refused", PENDING, true, /ECONNREFUSED/, () => () => undefined),
    begin: async ({ proxy }) => {
      await proxy.refuse();
      proxy.reset();
      return () => proxy.accept();
    },
  },
  network("slower than the timeout", PENDING, true, /did not answer within 100 ms/, ({ proxy }) =>
    proxy.toClient.delay({ ms: SLOW_MS }),
  ),
  network("slow", DONE, false, undefined, ({ proxy }) => proxy.toClient.delay({ ms: SLOWISH_MS })),
  network("replies held", PENDING, true, /did not answer within 100 ms/, ({ proxy }) => proxy.holdReplies().release),
  network("a reply cut in half", EITHER, false, undefined, ({ proxy }) => proxy.toClient.cut()),
  network("entries garbled", DONE, false, undefined, ({ proxy }) =>
    proxy.toClient.garble({ command: "GET", where: "payload" }),
  ),
];

/** All of them, and none. */
export const ALL_CASES: readonly FaultCase[] = [NO_FAULT, ...SERVER_CASES, ...NETWORK_CASES];

/** Connections that listen to the bus. */
export function isBus({ commandNames }: ConnectionFacts): boolean {
  return commandNames.has("SUBSCRIBE");
}

function onServer(
  name: string,
  fault: keyof typeof FAULTS,
  writes: FaultCase["writes"],
  isAway: boolean,
  reason: RegExp | undefined,
): FaultCase {
  return { name, begin: ({ server }) => FAULTS[fault](server), writes, isAway, reason };
}

function network(
  name: string,
  writes: FaultCase["writes"],
  isAway: boolean,
  reason: RegExp | undefined,
  begin: (site: Site) => () => void,
): FaultCase {
  const undone = async (site: Site): Promise<Undo> => {
    const end = begin(site);
    return async () => end();
  };
  return { name, begin: undone, writes, isAway, reason };
}

async function nothing(): Promise<void> {
  // There was none.
}
