// The tier on a cluster: failovers of every kind, and a cluster client that the user brings.

import { Cluster } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RedisCluster as ClusterLike } from "../../src/redis/connection.ts";
import { frameOf, freshKey, randomVersion, LONG } from "../contract/suite.ts";
import { startCluster, type RedisCluster } from "../support/redis/cluster.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { closeAll, listen, openProcess } from "./open.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";

forbidUnhandledRejections();

let cluster: RedisCluster;
beforeAll(async () => void (cluster = await startCluster()));
afterEach(closeAll);
afterAll(() => cluster.stop());

test.each(["graceful", "takeover"] as const)(
  "a failover (%s) leads to doubt, and then on as before",
  async (mode) => {
    const { authority, bus, tier } = openProcess("shop", {
      cluster: cluster.addresses,
      divergenceLimit: 400,
      timeout: 1_000,
    });
    const heard = await listen(bus);
    await waitUntil(() => bus.isLive, { what: "the bus is live" });
    const key = freshKey("shop");
    await authority.set(key, frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity);
    const successor = await cluster.failover(await cluster.masterOf(key), mode);
    const removed = await waitUntil(() => authority.remove(key, Infinity), {
      deadlineMs: 10_000,
      what: "it is removed",
    });
    expect(removed.existed).toBeTypeOf("boolean");
    expect(await successor.command("EXISTS", key)).toBe(0);
    await waitUntil(() => heard.log.some((entry) => typeof entry === "string" && entry.startsWith("doubt")), {
      deadlineMs: 10_000,
      what: "it doubts",
    });
    await waitUntil(() => bus.isLive, { deadlineMs: 10_000, what: "the bus is live again" });
    expect(await tier.get(key)).toBeUndefined();
    await cluster.whole();
  },
  60_000,
);

test("uses a cluster client that the user brings, and leaves it open", async () => {
  const mine = new Cluster(cluster.addresses, { keyPrefix: "mine:" });
  mine.on("error", () => undefined);
  const client = mine as unknown as ClusterLike;
  const { authority, bus, tier, close } = openProcess("shop", { client });
  const heard = await listen(bus);
  await waitUntil(() => bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
  const keys = Array.from({ length: 20 }, () => freshKey("shop"));
  await Promise.all(keys.map((key) => authority.set(key, frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity)));
  const listed = new Set<string>();
  for await (const key of tier.keys("shop:v:{")) listed.add(key);
  expect(listed).toEqual(new Set(keys));
  await waitUntil(() => heard.log.length === 21, { what: "all messages have come" });
  await close();
  expect(await mine.set("still", "open")).toBe("OK");
  mine.disconnect();
});

test("sees to it that one slow or missing node costs no more than the timeout", async () => {
  const { authority, tier } = openProcess("shop", { cluster: cluster.addresses, timeout: 100 });
  const key = freshKey("shop");
  await waitUntil(() => authority.now(), { what: "it is connected" });
  await waitUntil(() => tier.set(key, Buffer.from("x"), 60_000).then(() => true), { what: "it is stored" });
  const node = await cluster.masterOf(key);
  node.pause();
  try {
    const beganAt = performance.now();
    await expect(tier.get(key)).rejects.toThrow("redis did not answer within 100 ms");
    expect(performance.now() - beganAt).toBeLessThan(400);
  } finally {
    node.resume();
  }
  await waitUntil(async () => (await tier.get(key)) !== undefined, { deadlineMs: 15_000, what: "it answers again" });
}, 60_000);
