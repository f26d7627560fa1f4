// Which server a key is on: by our own arithmetic, which has to be that of the servers.

import { afterAll, beforeAll, expect, test } from "vitest";
import { shardOf, slotOf } from "../../src/redis/shard.ts";
import { freshKey, freshTag } from "../../src/test-suite/suite.ts";
import { startCluster, type RedisCluster } from "../support/redis/cluster.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { closeAll, openProcess } from "./open.ts";
import type { RedisCluster as ClusterLike } from "../../src/redis/connection.ts";

let cluster: RedisCluster;
beforeAll(async () => void (cluster = await startCluster()));
afterAll(async () => {
  await closeAll();
  await cluster.stop();
});

test("computes slots as the servers do, braces, emptiness and all", async () => {
  const odd = [
    "",
    "a",
    "123456789",
    "{",
    "}",
    "{}",
    "{}a",
    "a{b}c",
    "a{b}{c}",
    "a{{b}}",
    "}{a}",
    "a{b",
    "é😀{ü}",
    "\0\n",
  ];
  const connection = await cluster.nodes[0]?.connect();
  const keys = [...odd, ...Array.from({ length: 200 }, () => freshKey("shop"))];
  for (const key of keys) expect([key, slotOf(key)]).toEqual([key, await connection?.send("CLUSTER", "KEYSLOT", key)]);
  connection?.close();
});

test("names the primary that holds an entry, its lease and an epoch", async () => {
  const { shardOf: shard, authority } = openProcess("shop", { cluster: cluster.addresses, keyPrefix: "app:" });
  expect([shard(freshKey("shop")), shard({ kind: "root" })]).toEqual(["redis", "redis"]);
  await waitUntil(() => authority.now(), { what: "it is connected" });
  const names = [freshTag(), { kind: "root" }, { kind: "namespace", name: undefined }] as const;
  const suffixes = [`:t:{${names[0].kind === "tag" ? names[0].name : ""}}`, ":r", ":n:{}"];
  const keys = Array.from({ length: 20 }, () => freshKey("shop"));
  const expected = [...keys.map((key) => `app:${key}`), ...suffixes.map((suffix) => `app:shop${suffix}`)];
  const holders = await Promise.all(expected.map(async (key) => (await cluster.masterOf(key)).port));
  const found = [...keys, ...names].map(shard);
  expect(found).toEqual(holders.map((port) => `127.0.0.1:${port}`));
  expect(new Set(found).size).toBe(3);
});

test("is the tier's name without a cluster, and while a slot has nobody", async () => {
  const server = await startRedis();
  try {
    const { shardOf: shard, authority } = openProcess("shop", { url: server.url, name: "shared" });
    await authority.now();
    expect([shard(freshKey("shop")), shard(freshTag())]).toEqual(["shared", "shared"]);
  } finally {
    await closeAll();
    await server.stop();
  }
  const young = { isCluster: true, slots: [] } as unknown as ClusterLike;
  expect([shardOf(young, "a"), shardOf(undefined, "a")]).toEqual([undefined, undefined]);
});
