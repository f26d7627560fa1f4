// Brings the faults of Redis and of the way to it about: what each does to processes, and how it is undone.

import { FAULTS } from "../support/redis/faults.ts";
import type { RedisCluster } from "../support/redis/cluster.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { ConnectionFacts } from "../support/redis/proxy-rules.ts";
import { seededRandom } from "../support/redis/random.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import type { ServerFault, WorkerFault } from "./fault-names.ts";
import { faultPlan as plan } from "./fault-plan.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { Step } from "./schedule.ts";

/** What faults are done to. */
export interface RedisWorld {
  /** One before each worker; none in front of a cluster. */
  readonly proxies: readonly Proxy[];
  readonly server: RedisServer | RedisCluster;
}

/** The connection is broken, and nothing keeps the process from making another. */
const RECONNECT_MS = 2_000;
/** Tries to connect have failed, and the next may be two seconds away. */
const RECOVER_MS = 4_000;
/** Who connects meanwhile is told how long it will take, and the client believes that for up to ten seconds. */
const LOADED_MS = 12_000;
const DELAY = { ms: 10, jitterMs: 25 };
/** A command and the message about it pass four such delays. */
const DELAYED_BY_MS = 4 * (DELAY.ms + DELAY.jitterMs) + 60;

/** What is to be done for a step of the schedule that is not about a process. */
export function planRedisFault({ worker, fault, choice }: Step, { proxies, server }: RedisWorld): FaultPlan {
  if (worker === undefined) return serverFault(fault as ServerFault, choice, server);
  return proxyFault(fault as WorkerFault, proxies[worker]!);
}

function proxyFault(fault: WorkerFault, proxy: Proxy): FaultPlan {
  switch (fault) {
    case "delay":
      return plan(
        "slow",
        0,
        undone(() => stopBoth(proxy.toServer.delay(DELAY), proxy.toClient.delay(DELAY))),
        DELAYED_BY_MS,
      );
    case "garble":
      return plan(
        "slow",
        0,
        undone(() => proxy.toClient.garble({ command: "GET", where: "payload", probability: 0.3 })),
      );
    case "black hole":
      // A stream with a gap never goes on: what TCP loses, it sends again, or the connection ends.
      return plan(
        "cut",
        RECOVER_MS,
        undone(() => stopBoth(() => proxy.reset(), proxy.blackHole())),
      );
    case "black hole of the bus":
      return plan(
        "bus",
        0,
        undone(() => stopBoth(() => proxy.reset(isBus), proxy.blackHole({ on: isBus }))),
      );
    case "hold":
      return plan(
        "cut",
        RECOVER_MS,
        undone(() => proxy.holdReplies().release),
      );
    case "hold of the bus":
      return plan(
        "bus",
        0,
        undone(() => proxy.holdReplies({ on: isBus }).release),
      );
    case "lost messages":
      return plan(
        "bus",
        0,
        undone(() => proxy.toClient.blackHole({ on: isBus, bytes: "message", probability: 0.5 })),
      );
    case "reset":
      return plan(
        "cut",
        RECONNECT_MS,
        undone(() => (proxy.reset(), nothing)),
      );
    case "reset of the bus":
      return plan(
        "bus",
        0,
        undone(() => (proxy.reset(isBus), nothing)),
      );
    case "cut replies":
      return plan(
        "cut",
        RECONNECT_MS,
        undone(() => proxy.toClient.cut({ probability: 0.1, times: 2 })),
      );
    case "refuse":
      return plan("cut", RECOVER_MS, async () => {
        await proxy.refuse();
        proxy.reset();
        return () => proxy.accept();
      });
    default:
      throw new Error(`no proxy can bring about: ${fault}`);
  }
}

function serverFault(fault: ServerFault, choice: number, server: RedisServer | RedisCluster): FaultPlan {
  if ("nodes" in server) return plan("failover", RECOVER_MS, () => clusterFault(fault, choice, server));
  // What is lost costs misses and excuses nothing.
  if (fault === "evict") return plan("slow", 0, () => evict(server, choice));
  if (!(fault in FAULTS)) throw new Error(`no server of its own can bring about: ${fault}`);
  const begin = (): Promise<() => Promise<void>> => FAULTS[fault as keyof typeof FAULTS](server);
  if (fault === "flushAll" || fault === "flushScripts") return plan("slow", 0, begin);
  if (fault === "killSubscribers") return plan("bus", 0, begin);
  return plan("cut", fault === "loading" ? LOADED_MS : RECOVER_MS, begin);
}

async function clusterFault(fault: ServerFault, choice: number, cluster: RedisCluster): Promise<() => Promise<void>> {
  const primaries = await cluster.masters();
  const primary = primaries[Math.floor(choice * primaries.length)]!;
  if (fault === "crash of a primary") {
    await cluster.crash(primary);
    return async () => {
      await primary.start();
      await cluster.whole();
    };
  }
  await cluster.failover(primary, fault === "failover" ? "graceful" : "force");
  return () => cluster.whole();
}

/** A third of all keys is gone, as chance will have it: entries, leases, epochs. */
async function evict(server: RedisServer, choice: number): Promise<() => Promise<void>> {
  const random = seededRandom(Math.floor(choice * 2 ** 31));
  const keys = await server.command("KEYS", "*");
  const gone = (Array.isArray(keys) ? keys : []).filter(() => random() < 1 / 3).map(String);
  if (gone.length > 0) await server.command("DEL", ...gone);
  return async () => nothing();
}

function isBus({ commandNames }: ConnectionFacts): boolean {
  return commandNames.has("SUBSCRIBE");
}

function undone(begin: () => () => void): FaultPlan["begin"] {
  return async () => {
    const stop = begin();
    return async () => stop();
  };
}

function stopBoth(one: () => void, other: () => void): () => void {
  return () => {
    one();
    other();
  };
}

function nothing(): void {
  // It is over as soon as it has happened.
}
