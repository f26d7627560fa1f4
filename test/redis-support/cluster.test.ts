// A cluster: serves all slots, fails over, and can be reached through proxies.

import { Cluster } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startCluster } from "../support/redis/cluster.ts";
import type { RedisCluster } from "../support/redis/cluster.ts";
import { startProxies } from "../support/redis/proxies.ts";
import { waitUntil } from "../support/wait-until.ts";

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster();
  for (const key of KEYS) await (await cluster.masterOf(key)).command("SET", key, `value of ${key}`);
});
afterAll(async () => {
  await cluster.stop();
});

const KEYS = Array.from({ length: 100 }, (_, index) => `key:${index}`);

interface Address {
  readonly host: string;
  readonly port: number;
}

function connectCluster(addresses: readonly Address[], natMap: Readonly<Record<string, Address>> = {}): Cluster {
  const client = new Cluster([...addresses], { clusterRetryStrategy: () => 20, natMap: { ...natMap } });
  client.on("error", () => undefined);
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

test("serves keys of all masters", async () => {
  const client = connectCluster(cluster.addresses);
  await Promise.all(KEYS.map((key) => client.set(key, `value of ${key}`)));
  await expect(Promise.all(KEYS.map((key) => client.get(key)))).resolves.toEqual(KEYS.map((key) => `value of ${key}`));
  const masters = await cluster.masters();
  const counts = await Promise.all(masters.map((master) => master.command("DBSIZE")));
  expect(counts).toHaveLength(3);
  expect(counts.every((count) => Number(count) > 10)).toBe(true);
});

test("leads through proxies, each of which can fail alone", async () => {
  const proxies = await startProxies(cluster.nodes);
  onTestFinished(() => proxies.stop());
  const entrances = proxies.all.map(({ host, port }) => ({ host, port }));
  const client = connectCluster(entrances, proxies.natMap);
  await expect(client.get("key:1")).resolves.toBe("value of key:1");
  const hold = proxies.before(await cluster.masterOf("key:1")).holdReplies({ command: "GET" });
  const held = client.get("key:1");
  await hold.caught();
  const masters = await Promise.all(KEYS.map((key) => cluster.masterOf(key)));
  const elsewhere = KEYS.find((_, index) => masters[index] !== masters[1]) ?? "";
  await expect(client.get(elsewhere)).resolves.toBe(`value of ${elsewhere}`);
  hold.release();
  await expect(held).resolves.toBe("value of key:1");
});

test("fails over without loss, back and forth at once, by each way", async () => {
  const client = connectCluster(cluster.addresses);
  const first = await cluster.masterOf("key:1");
  const second = await cluster.failover(first);
  expect(second).not.toBe(first);
  expect(await cluster.masterOf("key:1")).toBe(second);
  expect(await cluster.failover(second, "takeover")).toBe(first);
  expect(await cluster.failover(first, "force")).toBe(second);
  await cluster.whole();
  await expect(client.get("key:1")).resolves.toBe("value of key:1");
}, 60_000);

test("survives the crash of a master, which comes back as a replica", async () => {
  const client = connectCluster(cluster.addresses);
  await client.ping();
  const victim = await cluster.masterOf("key:1");
  const successor = await cluster.crash(victim);
  expect(await cluster.masterOf("key:1")).toBe(successor);
  await waitUntil(async () => (await client.get("key:1")) === "value of key:1", { what: "the client has found it" });
  await victim.restart();
  await cluster.whole();
  expect(await cluster.replicaOf(successor)).toBe(victim);
}, 60_000);
