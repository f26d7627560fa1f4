// Redis in front of memory: every read asks it, and memory is what there is when it does not answer.

import { expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { eventually, never, redisStats, SharedWorld } from "./pair.ts";

const world = new SharedWorld();

async function behindProxy(): Promise<{ cache: TieredCacheManager; proxy: Awaited<ReturnType<typeof startProxy>> }> {
  const proxy = await startProxy({ port: world.server.port });
  world.atEnd(() => proxy.stop());
  const { host, port } = proxy;
  const cache = new TieredCacheManager({
    name: world.newName(),
    tiers: [redisTier({ host, port, timeout: 1_000 }), memoryTier()],
  });
  world.atEnd(() => cache.close());
  await eventually(() => cache.stats().bus?.live, true);
  return { cache, proxy };
}

test("a copy in memory is not read while Redis answers", async () => {
  const { cache } = await behindProxy();
  await cache.set("k", "v");
  const tiers: string[] = [];
  cache.on("hit", ({ tier }) => void tiers.push(tier));
  expect([await cache.get("k"), await cache.get("k", never)]).toEqual(["v", "v"]);
  expect(tiers).toEqual(["redis", "redis"]);
  expect(cache.getSync("k")).toBe("v");
});

test("P10 it is read when Redis does not, and what was deleted meanwhile is not", async () => {
  const { cache, proxy } = await behindProxy();
  await cache.set("kept", "v");
  await cache.set("gone", "v");
  await proxy.refuse();
  proxy.reset();
  await cache.delete("gone");
  const tiers: string[] = [];
  cache.on("hit", ({ tier }) => void tiers.push(tier));
  expect([await cache.get("kept", never), await cache.get("gone")]).toEqual(["v", undefined]);
  expect(tiers).toEqual(["memory"]);
  await proxy.accept();
  await eventually(() => cache.stats().bus?.live, true);
  await eventually(() => redisStats(cache).pending, 0);
  tiers.length = 0;
  expect(await cache.get("kept", never)).toBe("v");
  expect(tiers).toEqual(["redis"]);
});
