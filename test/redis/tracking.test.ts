// Tracking on real servers: what any program does to an entry is heard, and a lost connection for it leads to doubt.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshKey, unique } from "../../src/test-suite/suite.ts";
import { bareClient } from "../support/redis/client.ts";
import { startCluster, type RedisCluster } from "../support/redis/cluster.ts";
import type { Fault } from "../support/redis/faults.ts";
import { startProxy } from "../support/redis/proxy.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { closeAll, DEAF, listen, openFrom, openProcess, planOf, type Heard, type RedisProcess } from "./open.ts";
import { serverOfTests } from "./servers.ts";
import type { RedisTierOptions } from "../../src/redis/options.ts";

forbidUnhandledRejections();

type Listening = RedisProcess & Heard;

async function live(root: string, options: RedisTierOptions): Promise<Listening> {
  return liveOf(openProcess(root, { tracking: true, ...options }));
}

async function liveOf(process: RedisProcess): Promise<Listening> {
  const heard = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
  return { ...process, ...heard };
}

const touched = ({ log }: Heard): string[] =>
  log.flatMap((entry) => (typeof entry === "object" && entry.kind === "touched" ? [entry.fullKey] : []));

/** Runs a change, waits for as many words of it, and gives the keys they name. Anything else would fail the test. */
async function touchedBy(process: Listening, words: number, change: () => Promise<unknown>): Promise<string[]> {
  process.log.length = 0;
  await change();
  await waitUntil(() => process.log.length >= words, { what: "the servers tell of it" });
  expect(touched(process).length).toBe(process.log.length);
  return touched(process).sort();
}

/** Ids of the connections that are told of what is touched. */
async function trackers(server: RedisServer): Promise<string[]> {
  const list = String(await server.command("CLIENT", "LIST"));
  return [...list.matchAll(/^id=(\d+) .*flags=\w*t/gm)].flatMap(([, id]) => id ?? []);
}

describe("one server", () => {
  const redis = serverOfTests();

  test("says when another program writes, removes or lets an entry expire, or pushes it out", async () => {
    const process = await live("shop", { url: redis.server.url, keyPrefix: "app:" });
    const key = freshKey("shop");
    const { server } = redis;
    expect(await touchedBy(process, 1, () => server.command("SET", `app:${key}`, "other"))).toEqual([key]);
    expect(await touchedBy(process, 1, () => server.command("SETRANGE", `app:${key}`, 2, "x"))).toEqual([key]);
    expect(await touchedBy(process, 1, () => server.command("DEL", `app:${key}`))).toEqual([key]);
    expect(await touchedBy(process, 1, () => server.command("SET", `app:${key}`, "brief", "PX", 250))).toEqual([key]);
    expect(await touchedBy(process, 1, () => Promise.resolve())).toEqual([key]);
    expect(await server.command("EXISTS", `app:${key}`)).toBe(0);
    await touchedBy(process, 1, () => server.command("SET", `app:${key}`, "pushed out"));
    const full: Fault = () => server.config({ "maxmemory-policy": "allkeys-random", maxmemory: 1 });
    const evict = () => redis.suffer(full).then(() => server.command("SET", "more", "x").catch(() => "no room"));
    expect(await touchedBy(process, 1, evict)).toEqual([key]);
    expect(process.own.every((isOwn) => !isOwn)).toBe(true);
  });

  test("says nothing of keys that are no entries of this cache", async () => {
    const process = await live("shop", { url: redis.server.url });
    const [others, mine] = [freshKey("shop:v2"), freshKey("shop")];
    for (const name of [others, `x${mine}`, "shop:r", mine.replace(":v:", ":l:"), "shop:v"]) {
      await redis.server.command("SET", name, "x");
    }
    expect(await touchedBy(process, 1, () => redis.server.command("SET", mine, "x"))).toEqual([mine]);
  });

  test("says the whole cache is in doubt when everything is flushed", async () => {
    const process = await live("shop", { url: redis.server.url });
    await redis.server.command("FLUSHALL");
    await waitUntil(() => process.log.length > 1, { what: "it is told" });
    expect(process.log[1]).toEqual({ kind: "epoch", name: { kind: "root" }, soft: false });
  });

  test("says it for a process's own writes too, besides what the bus says", async () => {
    const process = await live("shop", { url: redis.server.url });
    const key = freshKey("shop");
    await process.tier.set(key, Buffer.from("x"), 60_000);
    await process.authority.remove(key, Infinity);
    await waitUntil(() => touched(process).length >= 2, { what: "the server tells of both" });
    expect(touched(process)).toEqual([key, key]);
  });

  test("says none of it unless it is wanted", async () => {
    const process = await live("shop", { url: redis.server.url, tracking: false });
    const key = freshKey("shop");
    await redis.server.command("SET", key, "x");
    await process.authority.remove(key, Infinity);
    await waitUntil(() => process.log.length > 1, { what: "the bus tells of the other" });
    expect(touched(process)).toEqual([]);
    expect(await trackers(redis.server)).toEqual([]);
  });

  test("P12 leaves no connection behind, however early it is closed", async () => {
    const { server } = redis;
    const connections = async (): Promise<number> =>
      String(await server.command("CLIENT", "LIST"))
        .trim()
        .split("\n").length;
    const before = await connections();
    let turns = 0;
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    // Until one gets as far as to be live: each is closed a turn of the event loop later than the one before.
    for (let isLive = false; !isLive; turns++) {
      const process = openProcess("shop", { url: server.url, tracking: true });
      await process.bus.start(DEAF);
      for (let n = 0; n < turns && !process.bus.isLive; n++) await turn();
      isLive = process.bus.isLive;
      await process.close();
    }
    await waitUntil(async () => (await connections()) <= before, { what: "all connections are closed" });
    expect(turns).toBeGreaterThan(1);
  });

  test("keeps caches of one plan apart, and goes on for one when another is closed", async () => {
    const plan = planOf({ url: redis.server.url, tracking: true });
    const [one, two] = [await liveOf(openFrom(plan, "one")), await liveOf(openFrom(plan, "two"))];
    const [first, second] = [freshKey("one"), freshKey("two")];
    await redis.server.command("MSET", first, "x", second, "x");
    await waitUntil(() => touched(one).length + touched(two).length >= 2, { what: "both are told" });
    expect([touched(one), touched(two)]).toEqual([[first], [second]]);
    await one.close();
    await waitUntil(async () => (await trackers(redis.server)).length === 1, { what: "one tracks no longer" });
    await redis.server.command("DEL", second);
    await waitUntil(() => touched(two).length === 2, { what: "the other is told" });
    expect(two.log.filter((entry) => typeof entry === "string")).toEqual(["live"]);
  });

  test("P4 doubts when its connection for tracking is lost, and tracks again before it is live", async () => {
    const process = await live("shop", { url: redis.server.url });
    const [tracker] = await trackers(redis.server);
    await redis.server.command("CLIENT", "KILL", "ID", tracker ?? "none");
    await waitUntil(() => process.log.length >= 3, { what: "it is live again" });
    expect(process.log).toEqual(["live", "doubt: its connection for tracking was lost", "live"]);
    const key = freshKey("shop");
    await redis.server.command("SET", key, "x");
    await waitUntil(() => touched(process).length > 0, { what: "it is told" });
  });

  test("P4 doubts when its connection for tracking brings nothing any more, although nothing else fails", async () => {
    const proxy = await startProxy({ port: redis.server.port });
    redis.atEnd(() => proxy.stop());
    const process = openProcess("shop", { url: proxy.url, tracking: true, divergenceLimit: 400, timeout: 1_000 });
    const heard = await listen(process.bus);
    await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
    // The one that listens and speaks the older protocol.
    const stop = proxy.toClient.blackHole({
      on: ({ commandNames }) => commandNames.has("SUBSCRIBE") && !commandNames.has("HELLO"),
    });
    const { tookMs } = await timed(() => waitUntil(() => heard.log.length > 1, { what: "it doubts" }));
    expect(tookMs).toBeLessThan(400 + 250);
    stop();
    await waitUntil(() => process.bus.isLive, { what: "it is live again" });
    expect(heard.log).toEqual(["live", expect.stringMatching(/probe is late|did not come back/), "live"]);
    expect(heard.probes).not.toContain(false);
    await closeAll();
  });

  test("is not live for a user who may not track, and says that Redis answers all the same", async () => {
    await redis.server.command("ACL", "SETUSER", "blind", "on", ">pw", "~*", "&*", "+@all", "-client|tracking");
    const url = redis.server.url.replace("redis://", "redis://blind:pw@");
    const process = openProcess("shop", { url, tracking: true });
    const heard = await listen(process.bus);
    await waitUntil(() => heard.probes.length >= 3, { what: "probes go on" });
    expect([process.bus.isLive, heard.log, new Set(heard.probes)]).toEqual([false, [], new Set([true])]);
  });

  test("tracks for a client that the user brings, prefix included", async () => {
    const mine = bareClient(redis.server, { keyPrefix: "mine:" });
    redis.atEnd(() => mine.disconnect());
    const process = await live("shop", { client: mine, keyPrefix: "app:" });
    const key = freshKey("shop");
    expect(await touchedBy(process, 1, () => mine.set(`app:${key}`, "x"))).toEqual([key]);
  });
});

describe("a cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => void (cluster = await startCluster()));
  afterAll(async () => {
    await closeAll();
    await cluster.stop();
  });

  test("tracks on every primary, and on the new one after a failover", async () => {
    const root = unique("shop");
    const process = await live(root, { cluster: cluster.addresses, divergenceLimit: 400, timeout: 1_000 });
    const keys = Array.from({ length: 20 }, () => freshKey(root));
    const write = (some: readonly string[]): Promise<unknown> =>
      Promise.all(some.map(async (key) => (await cluster.masterOf(key)).command("SET", key, "x")));
    expect(await touchedBy(process, keys.length, () => write(keys))).toEqual([...keys].sort());
    expect(await Promise.all((await cluster.masters()).map(async (node) => (await trackers(node)).length))).toEqual([
      1, 1, 1,
    ]);
    const [key = ""] = keys;
    const successor = await cluster.failover(await cluster.masterOf(key));
    await waitUntil(() => process.log.includes("live"), {
      deadlineMs: 15_000,
      what: "it has doubted, and is live again",
    });
    expect(await touchedBy(process, 1, () => write([key]))).toEqual([key]);
    // The old one would have told of it as well, as a replica.
    expect(await trackers(successor)).toHaveLength(1);
  }, 60_000);
});
