// A watched pair: the sentinels name the master, also after it was replaced.

import { Redis } from "ioredis";
import { test } from "vitest";
import { startSentinel } from "../support/redis/sentinel.ts";
import type { RedisSentinel } from "../support/redis/sentinel.ts";
import { waitUntil } from "../support/wait-until.ts";

function connectTo({ addresses, name }: RedisSentinel): Redis {
  const client = new Redis({ sentinels: addresses, name, retryStrategy: () => 10, sentinelRetryStrategy: () => 10 });
  client.on("error", () => undefined);
  return client;
}

test.concurrent(
  "leads clients to the master, and to the new one after a failover on demand",
  async ({ expect, onTestFinished }) => {
    await using group = await startSentinel();
    const client = connectTo(group);
    onTestFinished(() => {
      client.disconnect();
    });
    await expect(client.set("key", "value")).resolves.toBe("OK");
    const old = await group.master();
    await expect(old.command("GET", "key")).resolves.toBe("value");
    await waitUntil(async () => (await client.wait(1, 1_000)) === 1, { what: "it is replicated" });
    const successor = await group.failover();
    expect([successor === old, await group.master()]).toEqual([false, successor]);
    await group.whole();
    await expect(old.command("SET", "key", "other")).rejects.toThrow("READONLY");
    await waitUntil(async () => (await client.set("key", "new")) === "OK", { what: "the client has found it" });
    await expect(successor.command("GET", "key")).resolves.toBe("new");
  },
  60_000,
);

test.concurrent(
  "survives the crash of the master, which comes back as a replica, with three sentinels",
  async ({ expect, onTestFinished }) => {
    await using group = await startSentinel({ sentinels: 3 });
    const client = connectTo(group);
    onTestFinished(() => {
      client.disconnect();
    });
    await expect(client.set("key", "value")).resolves.toBe("OK");
    const old = await group.master();
    await waitUntil(async () => (await client.wait(1, 1_000)) === 1, { what: "it is replicated" });
    const successor = await group.crash();
    expect(await group.master()).toBe(successor);
    await waitUntil(async () => (await client.get("key")) === "value", { what: "the client has found it" });
    await old.restart();
    await group.whole();
    await expect(old.command("SET", "key", "other")).rejects.toThrow("READONLY");
  },
  60_000,
);
