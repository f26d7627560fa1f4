// The proxy: what each of its faults does to a client, and that it heals.

import { connect as connectSocket, createServer } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { startProxy } from "../support/redis/proxy.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { connect } from "./connect.ts";

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
  proxy = await startProxy(redis, { seed: 7 });
  onTestFinished(() => proxy.stop());
});

/** A socket that remembers what it received and how it ended. */
async function rawSocket(port: number) {
  const socket: Socket = connectSocket({ port, host: "127.0.0.1" });
  const seen = { text: "", end: undefined as "FIN" | "RST" | undefined };
  socket.on("data", (chunk) => void (seen.text += chunk.toString("latin1")));
  socket.on("end", () => void (seen.end = "FIN"));
  socket.on("error", () => void (seen.end = "RST"));
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return { socket, seen };
}

test("changes nothing until it is told to, and counts connections", async () => {
  const clients = await Promise.all([connect(proxy), connect(proxy)]);
  const value = "x".repeat(1_000_000);
  await clients[0]?.set("key", value);
  await expect(clients[1]?.get("key")).resolves.toBe(value);
  const replies = await Promise.all(Array.from({ length: 500 }, () => clients[0]?.incr("count")));
  expect(replies).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  expect([proxy.open, proxy.accepted]).toEqual([2, 2]);
  clients[0]?.disconnect();
  await waitUntil(() => proxy.open === 1, { what: "the proxy has noticed" });
  expect(proxy.accepted).toBe(2);
});

test("lets pass what is not Redis, with half-closed connections", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  onTestFinished(() => void echo.close());
  const address = echo.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  proxy.retarget({ port: address.port });
  const { socket, seen } = await rawSocket(proxy.port);
  socket.end("GET / HTTP/1.1\r\n\r\n");
  await waitUntil(() => seen.end, { what: "the echo ends" });
  expect(seen).toEqual({ text: "GET / HTTP/1.1\r\n\r\n", end: "FIN" });
});

test.each(["toServer", "toClient"] as const)("delays %s and keeps the order", async (direction) => {
  const client = await connect(proxy);
  const stop = proxy[direction].delay({ ms: 10, jitterMs: 30 });
  const startedAt = performance.now();
  const replies: number[] = [];
  await Promise.all(Array.from({ length: 50 }, () => client.incr("count").then((count) => replies.push(count))));
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(10);
  expect(replies).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  // What comes after the delay has ended does not overtake what is under way.
  const slow = client.incr("count");
  stop();
  await expect(Promise.all([slow, client.incr("count")])).resolves.toEqual([51, 52]);
});

test("loses commands in a black hole and keeps the connection open", async () => {
  const client = await connect(proxy);
  const stop = proxy.toServer.blackHole();
  const lost = client.set("key", "lost").catch(String);
  await expect(waitUntil(() => lost, { deadlineMs: 50, what: "it answers" })).rejects.toThrow("in vain");
  await expect(redis.command("EXISTS", "key")).resolves.toBe(0);
  expect(proxy.open).toBe(1);
  stop();
  const again = await connect(proxy);
  await expect(again.set("key", "kept")).resolves.toBe("OK");
});

test("loses replies in a black hole although commands were executed, and hides the end of the server", async () => {
  const { socket, seen } = await rawSocket(proxy.port);
  proxy.toClient.blackHole();
  socket.write("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n1\r\n");
  await waitUntil(() => redis.command("EXISTS", "key"), { what: "the command has been executed" });
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  expect(seen).toEqual({ text: "", end: undefined });
  expect(socket.destroyed).toBe(false);
});

test("resets connections, all or some", async () => {
  const subscriber = await rawSocket(proxy.port);
  subscriber.socket.write("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n");
  await waitUntil(() => subscriber.seen.text.includes("subscribe"), { what: "it is subscribed" });
  const other = await rawSocket(proxy.port);
  proxy.reset(({ commandNames }) => commandNames.has("SUBSCRIBE"));
  await waitUntil(() => subscriber.seen.end === "RST", { what: "the subscriber is reset" });
  expect(other.seen.end).toBeUndefined();
  proxy.reset();
  await waitUntil(() => other.seen.end === "RST", { what: "the other is reset" });
});

test("refuses new connections while old ones go on, until it accepts again", async () => {
  const old = await connect(proxy);
  await proxy.refuse();
  await expect(connect(proxy)).rejects.toThrow("max retries");
  const refused = await rawSocket(proxy.port).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "ECONNREFUSED" });
  await expect(old.ping()).resolves.toBe("PONG");
  await proxy.accept();
  await expect(connect(proxy).then((client) => client.ping())).resolves.toBe("PONG");
});

test("cuts a reply in half and closes", async () => {
  await redis.command("SET", "key", "0123456789");
  const { socket, seen } = await rawSocket(proxy.port);
  proxy.toClient.cut({ command: "GET" });
  socket.write("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*1\r\n$4\r\nPING\r\n");
  await waitUntil(() => seen.end, { what: "the connection ends" });
  expect(seen).toEqual({ text: "+PONG\r\n$10\r\n0123", end: "FIN" });
  // Once only
  await expect(connect(proxy).then((client) => client.get("key"))).resolves.toBe("0123456789");
});

test("resets instead of the reply to a command that was executed, or instead of the command", async () => {
  const client = await connect(proxy, { autoResendUnfulfilledCommands: false });
  proxy.toClient.reset({ command: "INCR" });
  await expect(client.incr("count")).rejects.toThrow("max retries");
  await expect(redis.command("GET", "count")).resolves.toBe("1");
  await waitUntil(() => client.status === "ready", { what: "it is connected again" });
  proxy.toServer.reset({ command: "INCR" });
  await expect(client.incr("count")).rejects.toThrow("max retries");
  await expect(redis.command("GET", "count")).resolves.toBe("1");
});

test("garbles payloads inside well-formed replies, the same ones for the same seed", async () => {
  await redis.command("SET", "key", "0123456789");
  const run = async (): Promise<string[]> => {
    await using garbling = await startProxy(redis, { seed: 42 });
    const client = await connect(garbling);
    garbling.toClient.garble({ where: "payload", command: "GET", probability: 0.5 });
    const values: string[] = [];
    for (let count = 0; count < 40; count++) values.push(String((await client.getBuffer("key"))?.toString("latin1")));
    return values;
  };
  const [first, second] = [await run(), await run()];
  expect(first).toEqual(second);
  expect(first.every((value) => value.length === 10)).toBe(true);
  const intact = first.filter((value) => value === "0123456789").length;
  expect(intact).toBeGreaterThan(5);
  expect(intact).toBeLessThan(35);
});

test("garbles anything, until it is healed", async () => {
  const { socket, seen } = await rawSocket(proxy.port);
  proxy.toClient.garble();
  socket.write("*1\r\n$4\r\nPING\r\n");
  await waitUntil(() => seen.text.length === 7, { what: "a reply comes" });
  expect(seen.text).not.toBe("+PONG\r\n");
  await proxy.heal();
  socket.write("*1\r\n$4\r\nPING\r\n");
  await waitUntil(() => seen.text.endsWith("+PONG\r\n"), { what: "an intact reply comes" });
});

test("resets clients while the server is down, and leads to it when it is up, without a restart of its own", async () => {
  const { seen } = await rawSocket(proxy.port);
  await redis.kill9();
  await waitUntil(() => seen.end, { what: "the connection ends with the server" });
  const early = await rawSocket(proxy.port);
  await waitUntil(() => early.seen.end === "RST", { what: "the new connection is reset" });
  await redis.start();
  await expect(connect(proxy).then((client) => client.ping())).resolves.toBe("PONG");
});
