// Redis loses what it knew: all of it, single epochs, or the last that happened. That costs misses, never old values.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { crashAndLoseData, flushAll } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { OpenOptions } from "./open.ts";
import type { PeerCache } from "./peer.ts";
import { untilHealthy, World } from "./world.ts";

const TAGGED = { tags: ["tag"], namespace: "space" };
const IN_SPACE = { namespace: "space" };

/** What is lost, and what ends the entry before that: by an epoch that is then lost. */
const EPOCHS: Readonly<Record<string, (here: TieredCacheManager) => Promise<unknown>>> = {
  "t:{tag}": (here) => here.invalidateTags(["tag"]),
  "n:{space}": (here) => here.clearNamespace("space"),
  r: (here) => here.clear(),
};

describe("loss", () => {
  const world = new World();

  async function openPair(server: RedisServer): Promise<{
    readonly here: TieredCacheManager;
    readonly there: PeerCache;
    readonly options: OpenOptions;
  }> {
    const { host, port } = server;
    const options = { name: world.newName(), redis: { host, port } };
    const here = await world.openLive(options);
    const there = await world.commonCache(options);
    return { here, there, options };
  }

  for (const [epoch, invalidate] of Object.entries(EPOCHS)) {
    for (const isLost of [true, false]) {
      test(`P7 an entry ended by ${epoch} stays so when that is ${isLost ? "evicted" : "kept: the control"}`, async () => {
        const server = await world.server();
        const { here, options } = await openPair(server);
        // The first generation of each, as it is made where there is none.
        await here.set("key", "old", TAGGED);
        expect(await here.get("key", IN_SPACE)).toBe("old");
        const frame = await frames(server);
        expect(await invalidate(here)).toEqual({ authority: "done" });
        if (isLost) await loseKey(server, `${options.name}:${epoch}`);
        // Nothing has removed it: what ends it is its generation alone.
        expect(await frames(server)).toEqual(frame);
        const newcomer = await world.openLive(options);
        expect([await here.get("key", IN_SPACE), await newcomer.get("key", IN_SPACE)]).toEqual([undefined, undefined]);
        world.source.put("key", "new");
        expect(await world.load(newcomer, "key", TAGGED)).toBe("new");
        expect(await newcomer.get("key", IN_SPACE)).toBe("new");
      });
    }
  }

  test("P7 an epoch that is evicted costs misses: an entry of it is loaded again, and then kept", async () => {
    const server = await world.server();
    const { here, options } = await openPair(server);
    await here.set("key", "value", TAGGED);
    await loseKey(server, `${options.name}:t:{tag}`);
    const newcomer = await world.openLive(options);
    world.source.put("key", "value again");
    expect(await world.load(newcomer, "key", TAGGED)).toBe("value again");
    expect(await newcomer.get("key", IN_SPACE)).toBe("value again");
  });

  test("P7 after FLUSHALL invalidations end copies as before", async () => {
    const server = await world.server();
    const { here, there } = await openPair(server);
    await here.set("deleted", "old");
    await here.set("tagged", "old", { tags: ["tag"] });
    for (const key of ["deleted", "tagged"]) expect(await there.get(key)).toBe("old");
    await flushAll(server);
    await here.delete("deleted");
    await here.invalidateTags(["tag"]);
    const seen = (): Promise<unknown[]> => Promise.all([there.get("deleted"), there.get("tagged")]);
    await waitUntil(async () => (await seen()).every((value) => value === undefined), {
      what: "the other process has lost both",
    });
    expect([await here.get("deleted"), await here.get("tagged")]).toEqual([undefined, undefined]);
  });

  test("P7 FLUSHALL during a refresh: the lease is lost, and the value with it", async () => {
    const server = await world.server();
    const { here, there } = await openPair(server);
    world.source.hold("key");
    world.source.put("key", "old");
    const loading = there.load("key");
    const held = await world.source.nth("key", 1);
    await flushAll(server);
    await here.delete("key");
    held.release();
    await loading;
    expect([await here.get("key"), await there.get("key")]).toEqual([undefined, undefined]);
  });

  test("P7 Redis comes back empty: what was ended before stays so, the rest is loaded again", async () => {
    const server = await world.server();
    const { here, there } = await openPair(server);
    for (const key of ["deleted", "tagged", "kept"]) {
      world.source.put(key, "new");
      await here.set(key, "old", { tags: [key] });
      expect(await there.get(key)).toBe("old");
    }
    await here.delete("deleted");
    await here.invalidateTags(["tagged"]);
    const restart = await crashAndLoseData(server);
    await restart();
    await untilHealthy(here);
    await there.live();
    for (const key of ["deleted", "tagged"]) {
      expect([await world.load(here, key), await there.load(key)]).toEqual(["new", "new"]);
    }
    expect(["old", "new"]).toContain(await there.load("kept"));
  });

  for (const isMissed of [true, false]) {
    const what = isMissed ? "that has missed the last invalidations" : "that has heard of them: the control";
    test(`P7 failover to a replica ${what}: the process that invalidated repeats them first`, async () => {
      const primary = await world.server();
      const replica = await world.server({ replicaOf: primary });
      const proxy = await world.proxy(primary);
      const options = { name: world.newName(), redis: { host: proxy.host, port: proxy.port } };
      const here = await world.openLive(options);
      const replayed: number[] = [];
      here.on("pendingReplayed", ({ count }) => replayed.push(count));
      await here.set("deleted", "old");
      await here.set("tagged", "old", { tags: ["tag"] });
      await untilHolds(replica, options.name, 2);
      const leave = (): Promise<unknown> => replica.command("REPLICAOF", "NO", "ONE");
      if (isMissed) await leave();
      expect(await here.delete("deleted")).toMatchObject({ authority: "done" });
      expect(await here.invalidateTags(["tag"])).toEqual({ authority: "done" });
      // The replica has the deleted entry, or has not: that is what the test is about.
      await untilHolds(replica, options.name, isMissed ? 2 : 1);
      if (!isMissed) await leave();

      proxy.retarget(replica);
      proxy.reset();
      const seen = new Set<unknown>();
      await waitUntil(
        async () => {
          for (const key of ["deleted", "tagged"]) seen.add(await here.get(key));
          return (await here.health()).status === "healthy" && replayed.length > 0;
        },
        { what: "the invalidations have been repeated", deadlineMs: 6_000 },
      );
      expect(seen).toEqual(new Set([undefined]));
      const newcomer = await world.openLive(options);
      expect([await newcomer.get("deleted"), await newcomer.get("tagged")]).toEqual([undefined, undefined]);
    });
  }
});

/** Waits until a server holds so many entries of a cache. */
async function untilHolds(server: RedisServer, name: string, count: number): Promise<void> {
  const held = async (): Promise<unknown> => server.command("KEYS", `${name}:v:*`);
  await waitUntil(async () => ((await held()) as unknown[]).length === count, { what: `it holds ${count} entries` });
}

async function frames(server: RedisServer): Promise<unknown> {
  const keys = await server.command("KEYS", "*v:{*");
  expect(keys).toHaveLength(1);
  return keys;
}

async function loseKey(server: RedisServer, key: string): Promise<void> {
  expect(await server.command("DEL", key)).toBe(1);
}
