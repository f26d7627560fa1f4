// Closing in every state: it ends in time, says what is lost, and leaves nothing that would keep a process alive.

import { describe, expect, test } from "vitest";
import { hang } from "../support/redis/faults.ts";
import { freePort } from "../support/redis/free-port.ts";
import { timed } from "../support/timed.ts";
import { TIMEOUT_MS } from "./open.ts";
import type { PeerCache } from "./peer.ts";
import { redisStats, World } from "./world.ts";

/** Closing tries once more to do what is pending, and a busy machine. */
const CLOSE_MS = 2 * TIMEOUT_MS + 400;
/** A process with nothing to do ends at once, but for a busy machine, on which it may have its coverage to write. */
const END_MS = 3_000;
/** One with something to do is there after this. */
const STAY_MS = 500;
const CLOSE_TIMEOUT_MS = 200;

describe("close", () => {
  const world = new World();

  /** Brings a peer's cache into each state. */
  const STATES: Readonly<Record<string, () => Promise<PeerCache>>> = {
    idle: async () => world.peerCache({ name: "idle", redis: await redisOf() }),
    "connecting to nothing": async () => {
      const redis = { host: "127.0.0.1", port: await freePort(), timeout: TIMEOUT_MS };
      return (await world.peer()).open({ name: "nothing", redis });
    },
    "waiting between two tries to connect": async () => {
      const redis = { host: "127.0.0.1", port: await freePort(), timeout: TIMEOUT_MS };
      const cache = await (await world.peer()).open({ name: "nothing", redis });
      await cache.call("get", "key");
      const status = async (): Promise<unknown> => (await cache.health()).tiers["redis"]?.status;
      await expect.poll(status, { timeout: 5_000, interval: 5 }).toBe("down");
      return cache;
    },
    hung: async () => {
      const server = await world.server();
      const redis = { host: server.host, port: server.port, timeout: TIMEOUT_MS };
      const cache = await world.peerCache({ name: "hung", redis });
      await world.suffer(() => hang(server));
      return cache;
    },
    "hung from the start": async () => {
      const server = await world.server();
      await world.suffer(() => hang(server));
      const redis = { host: server.host, port: server.port, timeout: TIMEOUT_MS };
      return (await world.peer()).open({ name: "hung", redis });
    },
    "with invalidations pending": async () => {
      const server = await world.server();
      const redis = { host: server.host, port: server.port, timeout: TIMEOUT_MS };
      const cache = await world.peerCache({ name: "pending", redis });
      await world.suffer(() => hang(server));
      expect(await cache.delete("key")).toMatchObject({ authority: "pending" });
      return cache;
    },
    "in the middle of a refresh": async () => {
      const cache = await world.peerCache({ name: "busy", redis: await redisOf() });
      world.source.hold("key");
      void cache.load("key").catch(() => undefined);
      const load = await world.source.nth("key", 1);
      load.release();
      return cache;
    },
    "in the middle of a refresh that hangs": async () => {
      const cache = await world.peerCache({ name: "busy", redis: await redisOf() });
      world.source.hold("key");
      void cache.load("key").catch(() => undefined);
      await world.source.nth("key", 1);
      return cache;
    },
  };

  async function redisOf(): Promise<{ readonly host: string; readonly port: number; readonly timeout: number }> {
    const { host, port } = await world.server();
    return { host, port, timeout: TIMEOUT_MS };
  }

  for (const [state, reach] of Object.entries(STATES)) {
    test(`P12 ${state}: close() ends in time, and the process by itself`, async () => {
      const cache = await reach();
      const { tookMs } = await timed(() => cache.leave({ timeout: CLOSE_TIMEOUT_MS }));
      expect(tookMs).toBeLessThan(CLOSE_MS + CLOSE_TIMEOUT_MS);
      expect(await cache.peer.endedWithin(END_MS)).toBe(0);
    });
  }

  test("P12 without close() the process goes on: the control", async () => {
    const cache = await STATES["idle"]!();
    await cache.leave();
    expect(await cache.peer.endedWithin(STAY_MS)).toBe(undefined);
  });

  test("P12 closing twice, and `await using`, end in time as well", async () => {
    const redis = await redisOf();
    const cache = await world.openLive({ name: "twice", redis });
    const { tookMs } = await timed(() => Promise.all([cache.close(), cache.close(), cache[Symbol.asyncDispose]()]));
    expect(tookMs).toBeLessThan(CLOSE_MS);
    expect(cache.stats()).toMatchObject({ bus: { live: false } });
  });

  for (const isPending of [true, false]) {
    const what = isPending ? "says what dies with it" : "has nothing to say when all is done: the control";
    test(`P11 close() with something pending ${what}`, async () => {
      const server = await world.server();
      const redis = { host: server.host, port: server.port, timeout: TIMEOUT_MS };
      const cache = await world.openLive({ name: "lost", redis });
      const lost: number[] = [];
      cache.on("pendingLost", ({ count }) => lost.push(count));
      await world.suffer(() => hang(server));
      for (const key of ["one", "two"]) expect((await cache.delete(key)).authority).toBe("pending");
      expect(redisStats(cache).pending).toBe(2);
      if (!isPending) {
        await world.heal();
        await expect.poll(() => redisStats(cache).pending, { timeout: 5_000, interval: 5 }).toBe(0);
      }
      const { tookMs } = await timed(() => cache.close());
      expect(tookMs).toBeLessThan(CLOSE_MS);
      expect(lost).toEqual(isPending ? [2] : []);
    });
  }

  test("P11 close() does what is pending if Redis is there again", async () => {
    const server = await world.server();
    const proxy = await world.proxy(server);
    const name = world.newName();
    const there = await world.openLive({ name, redis: { host: server.host, port: server.port } });
    await there.set("key", "old");
    const here = await world.openLive({ name, redis: { host: proxy.host, port: proxy.port, timeout: TIMEOUT_MS } });
    const lost: number[] = [];
    here.on("pendingLost", ({ count }) => lost.push(count));
    const hold = proxy.holdReplies({ command: /^EVALSHA|^EVAL/i });
    expect((await here.delete("key")).authority).toBe("pending");
    await there.set("key", "old");
    hold.release();
    // Not before its first try cannot take effect any more, which is what the tier's timeout says.
    await expect.poll(() => redisStats(here).pending, { timeout: 5_000, interval: 5 }).toBe(0);
    await here.close();
    expect(lost).toEqual([]);
    expect(await there.get("key")).toBe(undefined);
  });
});
