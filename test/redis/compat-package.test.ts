// The tier's own connections, made by the last ioredis 5: one server, a cluster, sentinels.

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { startCluster } from "../support/redis/cluster.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startSentinel } from "../support/redis/sentinel.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { packageBeside, type RedisPackage } from "./compat-package.ts";
import { compatSuite, openTier, whole, type Stage } from "./compat-suite.ts";
import { listen } from "./open.ts";

let five: RedisPackage;
beforeAll(async () => void (five = await packageBeside("ioredis-5")));
afterAll(() => five.remove());

compatSuite("ioredis 5: one server", async () => {
  const server = await startRedis({ password: "secret" });
  return stage([server], { url: server.url, keyPrefix: "app:" }, () => server.stop());
});

compatSuite("ioredis 5: a cluster", async () => {
  const cluster = await startCluster();
  return stage(await cluster.masters(), { cluster: cluster.addresses }, () => cluster.stop());
});

test.each([
  ["ioredis-5", false],
  ["ioredis", true],
])("is served by the ioredis that is installed beside it: %s", async (installedAs, greets) => {
  const beside = await packageBeside(installedAs);
  onTestFinished(() => beside.remove());
  await using server = await startRedis();
  const remote = openTier(beside.redisTier, "shop", { url: server.url });
  onTestFinished(() => remote.close());
  await whole(remote).authority.now();
  // Only the newer one begins with HELLO.
  expect((await server.info("commandstats")).includes("cmdstat_hello")).toBe(greets);
});

test("ioredis 5 follows a group of sentinels to the new primary", async () => {
  const group = await startSentinel();
  onTestFinished(() => group.stop());
  const sentinel = { group: group.name, addresses: group.addresses };
  const remote = openTier(five.redisTier, "shop", { sentinel, timeout: 1_000 });
  onTestFinished(() => remote.close());
  const { bus, tier } = whole(remote);
  const { log } = await listen(bus);
  await waitUntil(() => bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
  const primary = await group.failover();
  const key = freshKey("shop");
  const isWritten = async (): Promise<boolean> => {
    await tier.set(key, Buffer.from("new"), 60_000);
    return (await primary.command("GET", key)) === "new";
  };
  await waitUntil(isWritten, { deadlineMs: 15_000, what: "it writes to the new primary" });
  await waitUntil(() => bus.isLive, { deadlineMs: 15_000, what: "the bus is live again" });
  expect(log[1]).toMatch(/^doubt/);
}, 60_000);

function stage(primaries: readonly RedisServer[], options: RedisTierOptions, stop: () => Promise<void>): Stage {
  return { primaries, open: (root, more) => openTier(five.redisTier, root, { ...options, ...more }), stop };
}
