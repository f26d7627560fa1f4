// A server for a test: starts, obeys, comes back, and leaves nothing behind.

import { existsSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../support/redis/free-port.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { connect, failure } from "./connect.ts";

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("answers as soon as it is started, and leaves neither process nor directory", async () => {
  const redis = await startRedis();
  const { pid, directory } = redis;
  const client = await connect(redis);
  await expect(client.set("key", "value")).resolves.toBe("OK");
  expect([isAlive(pid), existsSync(directory)]).toEqual([true, true]);
  await redis.stop();
  await redis.stop();
  expect([isAlive(pid), existsSync(directory), redis.pid]).toEqual([false, false, undefined]);
});

test("gives each server its own port and directory", async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
  expect(new Set(servers.map(({ directory }) => directory)).size).toBe(3);
  await Promise.all(servers.map((server) => server.stop()));
});

test("is not taken for another server that listens on its port already", async () => {
  await using other = await startRedis();
  await expect(startRedis({ port: other.port })).rejects.toThrow(/already in use/);
  await expect(other.command("PING")).resolves.toBe("PONG");
});

test("nobody is given a port that somebody has, though nobody listens there yet", async () => {
  const port = await freePort();
  onTestFinished(() => void vi.restoreAllMocks());
  const chance = vi.spyOn(Math, "random").mockReturnValueOnce((port - 10_000 + 0.5) / 10_000);
  const another = await freePort();
  expect(chance.mock.calls.length).toBeGreaterThan(1);
  expect(another).not.toBe(port);
});

test("restarts with its data, or empty, on the same port", async () => {
  await using redis = await startRedis();
  await redis.command("SET", "key", "value");
  const { port, pid } = redis;
  await redis.restart();
  await expect(redis.command("GET", "key")).resolves.toBe("value");
  await redis.restart({ empty: true });
  await expect(redis.command("GET", "key")).resolves.toBeNull();
  expect(redis.port).toBe(port);
  expect(isAlive(pid)).toBe(false);
});

test("loses what was not on disk when it is killed", async () => {
  await using redis = await startRedis();
  await redis.command("SET", "key", "value");
  await redis.kill9();
  expect(await failure(redis.command("PING"))).toBe("connect");
  await redis.start();
  await expect(redis.command("GET", "key")).resolves.toBeNull();
});

test("keeps its data through a kill with an append-only file, and can be emptied of it", async () => {
  await using redis = await startRedis({ appendonly: true });
  await redis.command("SET", "key", "value");
  await redis.kill9();
  await redis.restart();
  await expect(redis.command("GET", "key")).resolves.toBe("value");
  await redis.restart({ empty: true });
  await expect(redis.command("GET", "key")).resolves.toBeNull();
});

test("does not answer while it is paused, and answers what was asked once it is resumed", async () => {
  await using redis = await startRedis();
  const client = await connect(redis);
  redis.pause();
  const reply = client.set("key", "value");
  await expect(waitUntil(() => reply, { deadlineMs: 100, what: "it answers" })).rejects.toThrow("in vain");
  redis.resume();
  await expect(reply).resolves.toBe("OK");
});

test("stops and restarts while it is paused", async () => {
  await using redis = await startRedis();
  redis.pause();
  await redis.restart({ empty: true });
  redis.pause();
  await redis.stop();
  expect(redis.pid).toBeUndefined();
});

test("asks for its password, and its address contains it", async () => {
  await using redis = await startRedis({ password: "p@ss/word" });
  const stranger = await redis.connect("wrong").catch(String);
  expect(stranger).toContain("WRONGPASS");
  expect(decodeURIComponent(new URL(redis.url).password)).toBe("p@ss/word");
  const client = await connect(redis);
  await expect(client.set("key", "value")).resolves.toBe("OK");
});

test("limits its memory, and takes more options", async () => {
  await using redis = await startRedis({ maxmemory: "3mb", args: ["--hz", "50"] });
  await expect(redis.command("CONFIG", "GET", "maxmemory")).resolves.toEqual(["maxmemory", String(3 * 2 ** 20)]);
  await expect(redis.command("CONFIG", "GET", "hz")).resolves.toEqual(["hz", "50"]);
});

test("replicates another one, password included, with its data from the start", async () => {
  await using master = await startRedis({ password: "secret" });
  await master.command("SET", "key", "value");
  await using replica = await startRedis({ replicaOf: master, password: "secret" });
  await expect(replica.command("GET", "key")).resolves.toBe("value");
  expect(await failure(replica.command("SET", "key", "other"))).toBe("READONLY");
});

test("changes settings and puts them back", async () => {
  await using redis = await startRedis();
  const undo = await redis.config({ hz: 20, maxmemory: 10_000_000 });
  await expect(redis.command("CONFIG", "GET", "hz")).resolves.toEqual(["hz", "20"]);
  await undo();
  await expect(redis.command("CONFIG", "GET", "hz")).resolves.toEqual(["hz", "10"]);
  await expect(redis.config({ "no-such-setting": 1 })).rejects.toThrow("no setting no-such-setting");
});

test("says why it does not start", async () => {
  await expect(startRedis({ args: ["--no-such-option", "1"] })).rejects.toThrow(/ended at once[^]*no-such-option/);
});
