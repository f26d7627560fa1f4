// Where a fault happens: a server, a cache of this process that reaches it through a proxy, and one of another process.

import type { RedisTierOptions } from "../../src/redis/index.ts";
import type { CacheEvent, CacheEventType, TieredCacheManager } from "../../src/index.ts";
import type { FaultCase, Site } from "./fault-cases.ts";
import { TIMEOUT_MS } from "./open.ts";
import type { PeerCache } from "./peer.ts";
import type { World } from "./world.ts";

const HEARD: readonly CacheEventType[] = ["hit", "busLost", "busLive", "pendingReplayed", "breaker"];

/** A cache that will suffer, and what it said. */
export interface Sufferer extends Site {
  readonly here: TieredCacheManager;
  /** In order. Those of hits included. */
  readonly events: CacheEvent[];
}

/** Starts a server and opens a cache on it. */
export async function openSufferer(world: World, name: string, redis: RedisTierOptions = {}): Promise<Sufferer> {
  const server = await world.server();
  const proxy = await world.proxy(server);
  const { host, port } = proxy;
  const here = await world.openLive({ name, redis: { host, port, timeout: TIMEOUT_MS, ...redis } });
  const events: CacheEvent[] = [];
  for (const type of HEARD) here.on(type, (event) => events.push(event));
  return { server, proxy, here, events };
}

/** The same, and the same cache in another process, which reaches the server without a proxy, and is patient. */
export async function openPair(
  world: World,
  timeout: number = TIMEOUT_MS,
): Promise<Sufferer & { readonly there: PeerCache }> {
  const name = world.newName();
  const sufferer = await openSufferer(world, name, { timeout });
  const { host, port } = sufferer.server;
  const there = await world.commonCache({ name, redis: { host, port } });
  return { ...sufferer, there };
}

/** Brings the fault about, until `world.heal()` or the end of the test. */
export function suffer(world: World, site: Site, fault: FaultCase): Promise<void> {
  return world.suffer(() => fault.begin(site));
}
