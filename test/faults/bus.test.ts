// Word of invalidations: how soon the others stop serving the old value, when it comes and when it is lost.

import { describe, expect, test } from "vitest";
import { killSubscribers } from "../support/redis/faults.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { watchPauses } from "../support/timed.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { TieredCacheManager } from "../../src/index.ts";
import { isBus } from "./fault-cases.ts";
import { DIVERGENCE_MS } from "./open.ts";
import type { PeerCache } from "./peer.ts";
import { sharedInstant } from "./protocol.ts";
import { World } from "./world.ts";

/** What the bus may take, besides the time in which one of the two processes cannot do anything. */
const BUS_MS = 250;

interface Pair {
  readonly server: RedisServer;
  /** Before the other process. */
  readonly proxy: Proxy;
  readonly here: TieredCacheManager;
  readonly there: PeerCache;
}

type Invalidate = (here: TieredCacheManager) => Promise<{ readonly authority: string }>;

const VERBS: Readonly<Record<string, Invalidate>> = {
  delete: (here) => here.delete("key"),
  set: (here) => here.set("key", "new"),
  invalidateTags: (here) => here.invalidateTags(["tag"]),
  clearNamespace: (here) => here.clearNamespace(),
  clear: (here) => here.clear(),
};

/** What may happen to the other process's bus, none of which keeps its commands from Redis. */
const LOSSES: Readonly<Record<string, (pair: Pair) => void | Promise<unknown>>> = {
  "is cut off": ({ server }) => killSubscribers(server),
  "hears nothing any more": ({ proxy }) => void proxy.blackHole({ on: isBus }),
  "loses one message": ({ proxy }) => void proxy.toClient.blackHole({ on: isBus, bytes: "message", times: 1 }),
};

describe("the bus", () => {
  const world = new World();

  /** Both hold the old value, and the other process reads it all the time. */
  async function openPair(): Promise<Pair> {
    const server = await world.server();
    const proxy = await world.proxy(server);
    const name = world.newName();
    const here = await world.openLive({ name, redis: { host: server.host, port: server.port } });
    const there = await world.commonCache({ name, redis: { host: proxy.host, port: proxy.port } });
    await here.set("key", "old", { tags: ["tag"] });
    expect(await there.get("key")).toBe("old");
    await there.watch("key", "old");
    return { server, proxy, here, there };
  }

  /** For how long after an invalidation, which was done, the other process served the old value. */
  async function oldFor({ here, there }: Pair, invalidate: Invalidate): Promise<number> {
    // The proxy before the other process is in this one.
    const pauses = watchPauses();
    expect(await invalidate(here)).toMatchObject({ authority: "done" });
    const doneAt = sharedInstant();
    await waitUntil(async () => (await there.get("key")) !== "old", {
      what: "the other process has lost the old value",
    });
    const { lastOldAt, reads, pauseMs } = await there.watched();
    expect(reads).toBeGreaterThan(0);
    return (lastOldAt ?? 0) - doneAt - Math.max(pauseMs, pauses());
  }

  for (const [verb, invalidate] of Object.entries(VERBS)) {
    test(`P4 connected: after ${verb} another process serves the old value no longer than the bus takes`, async () => {
      expect(await oldFor(await openPair(), invalidate)).toBeLessThan(BUS_MS);
    });
  }

  for (const [loss, lose] of Object.entries(LOSSES)) {
    test(`P4 a process whose bus ${loss} serves the old value no longer than divergenceLimit`, async () => {
      const pair = await openPair();
      await lose(pair);
      expect(await oldFor(pair, VERBS["set"]!)).toBeLessThan(DIVERGENCE_MS + BUS_MS);
    });
  }

  test("P4 without an invalidation it serves the value for longer than all that: the control", async () => {
    const pair = await openPair();
    pair.proxy.blackHole({ on: isBus });
    const begunAt = performance.now();
    await waitUntil(() => performance.now() - begunAt > DIVERGENCE_MS + BUS_MS, { what: "the limit has passed" });
    const now = sharedInstant();
    expect(await pair.there.get("key")).toBe("old");
    expect((await pair.there.watched()).lastOldAt).toBeGreaterThan(now - BUS_MS);
  });

  for (const isInvalidated of [true, false]) {
    const control = isInvalidated ? "no old value" : "what is not old: the control";
    const value = isInvalidated ? "new" : "old";

    test(`P4 a process that was paused for longer than divergenceLimit, and lost its bus meanwhile, serves ${control}`, async () => {
      const server = await world.server();
      const proxy = await world.proxy(server);
      const name = world.newName();
      const here = await world.openLive({ name, redis: { host: server.host, port: server.port } });
      const there = await world.peerCache({ name, redis: { host: proxy.host, port: proxy.port } });
      await here.set("key", "old");
      expect(await there.get("key")).toBe("old");
      there.peer.pause();
      const pausedAt = performance.now();
      proxy.blackHole({ on: isBus });
      if (isInvalidated) await here.set("key", "new");
      await waitUntil(() => performance.now() - pausedAt > DIVERGENCE_MS * 1.2, { what: "the limit has passed" });
      // They lie in its pipe when it goes on: it reads before it does anything else.
      const syncRead = there.call("getSync", "key");
      const reads = Array.from({ length: 5 }, () => there.call("get", "key"));
      there.peer.resume();
      expect(new Set(await Promise.all(reads))).toEqual(new Set([value]));
      expect([undefined, value]).toContain(await syncRead);
    });

    test(`P4 a process whose bus is back after a loss that nobody read during serves ${control}`, async () => {
      const server = await world.server();
      const proxy = await world.proxy(server);
      const name = world.newName();
      const here = await world.openLive({ name, redis: { host: server.host, port: server.port } });
      const there = await world.openLive({ name, redis: { host: proxy.host, port: proxy.port } });
      await here.set("key", "old");
      expect(await there.get("key")).toBe("old");
      const stop = proxy.blackHole({ on: isBus });
      if (isInvalidated) expect(await here.set("key", "new")).toEqual({ authority: "done" });
      stop();
      const isBack = new Promise<void>((resolve) => {
        there.on("busLive", () => resolve());
      });
      proxy.reset(isBus);
      await isBack;
      expect(await there.get("key")).toBe(value);
    });
  }
});
