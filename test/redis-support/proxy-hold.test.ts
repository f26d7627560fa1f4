// The proxy steers interleavings: it holds what it is told to hold, and on that connection what comes behind.

import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { startProxy } from "../support/redis/proxy.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { connect, settledWithin } from "./connect.ts";

let redis: RedisServer;
let proxy: Proxy;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});
beforeEach(async () => {
  await redis.command("FLUSHALL");
  proxy = await startProxy(redis);
  onTestFinished(() => proxy.stop());
});

/** A round trip past the proxy: whatever was about to happen on this machine has had its chance. */
async function roundTrips(): Promise<void> {
  for (let count = 0; count < 5; count++) await redis.command("PING");
}

test("holds replies to commands that were executed, and releases them in order", async () => {
  const client = await connect(proxy);
  const hold = proxy.holdReplies();
  const order: number[] = [];
  const replies = [1, 2, 3].map((by) => client.incrby("count", by).then((sum) => order.push(sum)));
  const [first] = await hold.caught();
  expect(first?.command).toEqual(["incrby", "count", "1"]);
  await waitUntil(async () => (await redis.command("GET", "count")) === "6", { what: "all three are executed" });
  expect(await settledWithin(Promise.race(replies), roundTrips)).toBe(false);
  hold.release();
  await Promise.all(replies);
  expect(order).toEqual([1, 3, 6]);
});

test("holds one reply after some, by its command, and lets the rest of the replies to others pass", async () => {
  const [held, free] = await Promise.all([connect(proxy), connect(proxy)]);
  await redis.command("SET", "key", "old");
  const hold = proxy.holdReplies({ command: /^get key$/, after: 1, times: 1 });
  await expect(held.get("key")).resolves.toBe("old");
  const read = held.get("key");
  await hold.caught();
  await free.set("key", "new");
  await expect(free.get("key")).resolves.toBe("new");
  hold.release();
  await expect(read).resolves.toBe("old");
  await expect(held.get("key")).resolves.toBe("new");
});

test("holds commands before they are executed", async () => {
  const client = await connect(proxy);
  const hold = proxy.toServer.hold({ command: "SET" });
  const write = client.set("key", "held");
  await hold.caught();
  expect(await redis.command("EXISTS", "key")).toBe(0);
  hold.release();
  await write;
  expect(await redis.command("GET", "key")).toBe("held");
});

test("releases one at a time", async () => {
  const client = await connect(proxy);
  const hold = proxy.holdReplies({ command: "INCR" });
  const [first, second] = [client.incr("count"), client.incr("count")];
  await hold.caught();
  hold.releaseOne();
  await expect(first).resolves.toBe(1);
  await hold.caught();
  expect(await settledWithin(second, roundTrips)).toBe(false);
  hold.releaseOne();
  await expect(second).resolves.toBe(2);
  expect(hold.frames).toEqual([]);
});

test.each([2, 3] as const)("holds a message by its content while replies pass, RESP%i", async (protocol) => {
  const [subscriber, client] = await Promise.all([connect(proxy, { protocol }), connect(proxy, { protocol })]);
  const messages: string[] = [];
  subscriber.on("message", (_channel: string, message: string) => messages.push(message));
  await subscriber.subscribe("one", "two");
  const hold = proxy.toClient.hold({ bytes: "second" });
  for (const message of ["first", "second", "third"]) await client.publish("one", message);
  await hold.caught();
  await expect(client.get("key")).resolves.toBeNull();
  await waitUntil(() => messages.length === 1, { what: "the first message is there" });
  hold.release();
  await waitUntil(() => messages.length === 3, { what: "all messages are there" });
  expect(messages).toEqual(["first", "second", "third"]);
});

test.each([2, 3] as const)("knows which reply answers which command between messages, RESP%i", async (protocol) => {
  const client = await connect(proxy, { protocol });
  await client.subscribe("one", "two");
  await redis.command("PUBLISH", "one", "message");
  await client.unsubscribe("two");
  const hold = proxy.holdReplies({ command: "PING" });
  const reply = client.ping();
  const [frame] = await hold.caught();
  expect(frame?.command?.[0]?.toLowerCase()).toBe("ping");
  hold.release();
  await reply;
});

test("holds on chosen connections only", async () => {
  const [held, free] = [await connect(proxy), await connect(proxy)];
  const hold = proxy.holdReplies({ on: ({ id }) => id === 1 });
  const reply = held.get("key");
  await hold.caught();
  await expect(free.get("key")).resolves.toBeNull();
  hold.release();
  await expect(reply).resolves.toBeNull();
});

test("can lose what it holds: a reply that never comes, behind it the connection goes on", async () => {
  const client = await connect(proxy);
  const hold = proxy.holdReplies({ command: "INCR", times: 1 });
  const reply = client.incr("count").catch(String);
  await hold.caught();
  proxy.toClient.reset({ command: "INCR" });
  hold.release();
  await expect(reply).resolves.toContain("max retries");
  await expect(redis.command("GET", "count")).resolves.toBe("1");
});

test("releases everything when it is healed", async () => {
  const client = await connect(proxy);
  const hold = proxy.holdReplies();
  const reply = client.get("key");
  await hold.caught();
  await proxy.heal();
  await expect(reply).resolves.toBeNull();
  expect(hold.frames).toEqual([]);
  await expect(client.get("key")).resolves.toBeNull();
});

test("holds nothing any more of a connection that is reset", async () => {
  const client = await connect(proxy);
  const hold = proxy.holdReplies();
  const reply = client.get("key").catch(String);
  await hold.caught();
  proxy.reset();
  await expect(reply).resolves.toContain("max retries");
  expect(hold.frames.map(({ command }) => command?.[0])).not.toContain("get");
});

test("fails a wait for what does not come", async () => {
  const hold = proxy.holdReplies();
  await expect(hold.caught(1, 30)).rejects.toThrow("waited 30 ms in vain until the proxy holds 1 frames");
});
