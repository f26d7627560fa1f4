// Another server takes over, by Sentinel and in a cluster: what callers see meanwhile, and that nothing old comes back.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import type { RedisTierOptions } from "../../src/redis/index.ts";
import { startCluster } from "../support/redis/cluster.ts";
import type { RedisCluster } from "../support/redis/cluster.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startSentinel } from "../support/redis/sentinel.ts";
import type { RedisSentinel } from "../support/redis/sentinel.ts";
import { waitUntil } from "../support/wait-until.ts";
import { timed } from "../support/timed.ts";
import { TIMEOUT_MS } from "./open.ts";
import type { PeerCache } from "./peer.ts";
import { setDone, untilHealthy, World } from "./world.ts";

/** What a busy machine may add to one call: two cores, and up to seven servers in the middle of an election. */
const ALLOWANCE_MS = 250;
const DEADLINE_MS = 40_000;
const FEW = 10;

/** A failover: resolves when it is over; the end puts things back. */
interface Shape {
  readonly options: RedisTierOptions;
  /** The ways in which another server takes over, and none: the control. */
  readonly ways: Readonly<Record<string, () => Promise<unknown>>>;
  /** Its servers, some of which may be down. */
  readonly servers: readonly RedisServer[];
  whole(): Promise<void>;
  stop(): Promise<void>;
}

const SHAPES: Readonly<Record<string, () => Promise<Shape>>> = {
  Sentinel: async () => sentinelShape(await startSentinel()),
  Cluster: async () => clusterShape(await startCluster()),
};
const WAYS = ["no failover", "a failover on demand", "a crash of the primary"];

describe.each(Object.keys(SHAPES))("%s", (name) => {
  const world = new World();
  let shape: Shape;

  beforeAll(async () => void (shape = await SHAPES[name]!()), DEADLINE_MS);
  beforeEach(() => mend(shape), DEADLINE_MS);
  afterAll(() => shape.stop());

  async function openPair(): Promise<{ readonly here: TieredCacheManager; readonly there: PeerCache }> {
    const options = { name: world.newName(), redis: { ...shape.options, timeout: TIMEOUT_MS } };
    const here = await world.openLive(options);
    const there = await world.commonCache(options);
    return { here, there };
  }

  for (const way of WAYS) {
    test(
      `P7 ${name}, ${way}: answers all the time, and what was invalidated before, meanwhile and after never comes back`,
      async () => {
        const { here, there } = await openPair();
        const phases = ["before", "meanwhile", "after"];
        for (const key of phases) {
          await setDone(here, key, "old");
          expect(await there.get(key)).toBe("old");
        }
        world.source.put("hot", "hot");
        await here.set("hot", "hot");
        for (const key of phases) world.source.put(key, "new");

        await here.delete("before");
        const reading = readOn(world, here, ["before"]);
        const failover = shape.ways[way]!();
        const first = await here.delete("meanwhile");
        expect(["done", "pending"]).toContain(first.authority);
        await reading.also("meanwhile");
        await failover;
        await here.delete("after");
        await reading.also("after");
        await untilHealthy(here, 20_000);
        const { seen, longestMs, reads } = await reading.stop();
        expect(seen).toEqual(new Set(["hot: hot", ...phases.map((key) => `${key}: new`)]));
        expect(reads).toBeGreaterThan(20);
        expect(longestMs).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS);

        await waitUntil(async () => (await there.health()).status === "healthy", {
          what: "the other process is healthy",
          deadlineMs: 20_000,
        });
        for (const key of phases) {
          await waitUntil(async () => (await there.get(key)) !== "old", { what: `the other process has lost ${key}` });
          expect(await there.load(key)).toBe("new");
        }
      },
      DEADLINE_MS,
    );
  }
});

/** Reads keys all the time, with a refresh that takes no time. */
function readOn(world: World, here: TieredCacheManager, first: readonly string[]) {
  const keys = ["hot", ...first];
  const seen = new Set<string>();
  let longestMs = 0;
  let reads = 0;
  const over = new AbortController();
  const reading = (async () => {
    while (!over.signal.aborted) {
      for (const key of [...keys]) {
        const { value, tookMs } = await timed(() => world.load(here, key));
        seen.add(`${key}: ${value}`);
        longestMs = Math.max(longestMs, tookMs);
        reads++;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
  })();
  return {
    /** Resolves when that one has been read a few times, too. */
    also: async (key: string) => {
      keys.push(key);
      const enough = reads + FEW * keys.length;
      await waitUntil(() => reads >= enough, { what: `${key} has been read`, deadlineMs: 10_000 });
    },
    stop: async () => {
      over.abort();
      await reading;
      return { seen, longestMs, reads };
    },
  };
}

/** Tests may come in any order: a server that crashed in one is there for the next. */
async function mend({ servers, whole }: Shape): Promise<void> {
  const down = servers.filter(({ pid }) => pid === undefined);
  if (down.length === 0) return;
  await Promise.all(down.map((server) => server.start()));
  await whole();
}

function sentinelShape(group: RedisSentinel): Shape {
  return {
    options: { sentinel: { group: group.name, addresses: group.addresses } },
    ways: {
      "no failover": async () => undefined,
      "a failover on demand": async () => {
        await group.failover();
        await group.whole();
      },
      "a crash of the primary": () => group.crash(),
    },
    servers: group.servers,
    whole: () => group.whole(),
    stop: () => group.stop(),
  };
}

function clusterShape(cluster: RedisCluster): Shape {
  // All keys of a cache have the same chance; the primaries fail over one after the other.
  const each = async (way: (primary: Awaited<ReturnType<RedisCluster["masters"]>>[number]) => Promise<unknown>) => {
    const [primary] = await cluster.masters();
    await way(primary!);
  };
  return {
    options: { cluster: cluster.addresses },
    ways: {
      "no failover": async () => undefined,
      "a failover on demand": async () => {
        await each((primary) => cluster.failover(primary));
        await cluster.whole();
      },
      "a crash of the primary": () => each((primary) => cluster.crash(primary)),
    },
    servers: cluster.nodes,
    whole: () => cluster.whole(),
    stop: () => cluster.stop(),
  };
}
