// The tier on a cluster: failovers of every kind, and a cluster client that the user brings.

import { Cluster } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { RedisLink } from "../../src/redis/link.ts";
import { resolveRedisOptions } from "../../src/redis/settings.ts";
import { frameOf, freshKey, randomVersion, LONG } from "../../src/test-suite/suite.ts";
import { startCluster, type RedisCluster } from "../support/redis/cluster.ts";
import { timed } from "../support/timed.ts";
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

test("R10 takes no reply from a new primary for one of the old, although the client was only redirected", async () => {
  const settings = resolveRedisOptions({ cluster: cluster.addresses, timeout: 1_000 }, "options");
  const link = new RedisLink(settings);
  const client = new RedisClient(link, systemClock);
  try {
    const key = freshKey("shop");
    const before = await cluster.masterOf(key);
    const lua = "return {redis.call('INFO', 'server')}";
    const whoAnswers = () =>
      client.run(async (connection) => {
        const { generation } = client;
        const info = String(await connection.evalBuffer(lua, 1, key));
        return { port: Number(/tcp_port:(\d+)/.exec(info)?.[1]), generation };
      });
    await waitUntil(async () => (await whoAnswers()).port === before.port, { what: "it is connected" });
    const taken: Awaited<ReturnType<typeof whoAnswers>>[] = [];
    const state = { isOver: false };
    const ask = async (): Promise<void> => {
      while (!state.isOver) {
        await whoAnswers().then(
          (answer) => taken.push(answer),
          () => undefined,
        );
      }
    };
    const asking = ask();
    const first = client.generation;
    const after = await cluster.failover(before);
    await waitUntil(() => taken.at(-1)?.port === after.port, { deadlineMs: 10_000, what: "the new one answers" });
    state.isOver = true;
    await asking;
    expect(client.generation).toBeGreaterThan(first);
    expect(taken.filter(({ port, generation }) => port === after.port && generation === first)).toEqual([]);
  } finally {
    client.close();
    await link.close();
  }
  await cluster.whole();
}, 60_000);

test("P4 an idle process is live again soon after a failover: it does not wait for a command to be redirected", async () => {
  const { bus } = openProcess("shop", { cluster: cluster.addresses, divergenceLimit: 400, timeout: 1_000 });
  const heard = await listen(bus);
  await waitUntil(() => bus.isLive, { what: "the bus is live" });
  const [master] = await cluster.masters();
  if (master === undefined) throw new Error("a cluster has masters");
  await cluster.failover(master);
  await waitUntil(() => heard.log.length >= 3 && bus.isLive, { deadlineMs: 3_000, what: "it is live again" });
  expect(heard.log.slice(0, 2)).toEqual(["live", expect.stringMatching(/^doubt/)]);
  await cluster.whole();
}, 60_000);

test("uses a cluster client that the user brings, and leaves it open", async () => {
  const mine = new Cluster(cluster.addresses, { keyPrefix: "mine:" });
  mine.on("error", () => undefined);
  const { authority, bus, tier, close } = openProcess("shop", { client: mine });
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
    const { tookMs } = await timed(() => expect(tier.get(key)).rejects.toThrow("redis did not answer within 100 ms"));
    expect(tookMs).toBeLessThan(400);
  } finally {
    node.resume();
  }
  await waitUntil(async () => (await tier.get(key)) !== undefined, { deadlineMs: 15_000, what: "it answers again" });
}, 60_000);
