// One server of a cluster is in trouble: its breaker opens, and nobody else's.

import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type SharedTierStats } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startCluster } from "../support/redis/cluster.ts";
import type { RedisCluster } from "../support/redis/cluster.ts";
import { pauseAll } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const NAME = "shards";
const caches: TieredCacheManager[] = [];
let cluster: RedisCluster;

beforeAll(async () => void (cluster = await startCluster()), 40_000);
afterAll(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await cluster.stop();
});

function open(): TieredCacheManager {
  const redis = redisTier({ cluster: cluster.addresses, timeout: 100 });
  const cache = new TieredCacheManager({ name: NAME, tiers: [memoryTier({ enabled: false }), redis] });
  caches.push(cache);
  return cache;
}

/** A key on a server, or on any other. */
async function keyOn(server: RedisServer, isThere: boolean): Promise<string> {
  for (let number = 0; ; number++) {
    const key = `key ${number}`;
    const owner = await cluster.masterOf(`{:${key}}`);
    if ((owner.port === server.port) === isThere) return key;
  }
}

/** A server without the epochs that every read may have to ask for. */
async function plainServer(): Promise<RedisServer> {
  const owners = await Promise.all([`${NAME}:r`, `${NAME}:n:{}`].map((key) => cluster.masterOf(key)));
  const ports = new Set(owners.map(({ port }) => port));
  return (await cluster.masters()).find(({ port }) => !ports.has(port)) as RedisServer;
}

const redisOf = (cache: TieredCacheManager): SharedTierStats => cache.stats().tiers["redis"] as SharedTierStats;

test("P10 a hung server of a cluster: its own breaker opens, and the others are still asked", async () => {
  const cache = open();
  await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live", deadlineMs: 10_000 });
  const hung = await plainServer();
  const [there, elsewhere] = await Promise.all([keyOn(hung, true), keyOn(hung, false)]);
  expect(await cache.set(elsewhere, "shared")).toEqual({ authority: "done" });
  expect(await cache.set(there, "shared")).toEqual({ authority: "done" });
  const changes: string[] = [];
  cache.on("breaker", ({ server, state }) => void changes.push(`${server} ${state}`));
  const undo = await pauseAll(hung);
  const label = `${hung.host}:${hung.port}`;
  await waitUntil(
    async () => {
      expect(await cache.get(there, () => "refreshed")).toBe("refreshed");
      return redisOf(cache).breakers[label] === "open";
    },
    { what: "the breaker of the hung server is open", deadlineMs: 10_000 },
  );
  expect(changes).toEqual([`${label} open`]);
  expect((await cache.getEntry(elsewhere))?.value).toBe("shared");
  const others = Object.entries(redisOf(cache).breakers).filter(([server]) => server !== label);
  expect(others.length).toBeGreaterThan(0);
  expect(others.map(([, state]) => state)).toEqual(others.map(() => "closed"));
  expect((await cache.health()).reasons.join()).toContain(`the breaker of ${label} is open`);
  await undo();
  await waitUntil(() => redisOf(cache).breakers[label] === "closed", {
    what: "its breaker closes when it answers again",
    deadlineMs: 10_000,
  });
});
