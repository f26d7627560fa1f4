// A Redis server with a proxy before each worker, or a cluster.

import { startCluster } from "../support/redis/cluster.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { startRedis } from "../support/redis/server.ts";
import type { Store, StoreOptions } from "./fault-plan.ts";
import { LIMITS, TIMEOUT_MS } from "./limits.ts";
import { planRedisFault } from "./redis-faults.ts";
import type { RedisWorld } from "./redis-faults.ts";
import { watchServer } from "./watch-server.ts";

const CONNECT_MS = 1_000;

/** Starts it. */
export async function openRedis(isCluster: boolean, options: StoreOptions): Promise<Store> {
  const world = await start(isCluster, options);
  const { server, proxies } = world;
  const servers = "nodes" in server ? server.nodes : [server];
  const placeOf = (worker: number) =>
    "nodes" in server ? { cluster: server.addresses } : { host: "127.0.0.1", port: proxies[worker]!.port };
  return {
    hasLock: false,
    tierOf: (worker) => ({
      name: "redis",
      options: {
        ...placeOf(worker),
        timeout: TIMEOUT_MS,
        divergenceLimit: LIMITS.divergenceMs,
        connectTimeout: CONNECT_MS,
      },
    }),
    plan: (step) => planRedisFault(step, world),
    watch: (report) => {
      const stops = servers.map((one) => watchServer(one, report));
      return () => {
        for (const stop of stops) stop();
      };
    },
    stop: async () => {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await server.stop();
    },
  };
}

async function start(isCluster: boolean, { seed, workers }: StoreOptions): Promise<RedisWorld> {
  if (isCluster) return { server: await startCluster(), proxies: [] };
  const server = await startRedis();
  const places = Array.from({ length: workers }, (_, worker) => worker);
  try {
    const proxies = await Promise.all(places.map((worker) => startProxy(server, { seed: seed * 100 + worker })));
    return { server, proxies };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
