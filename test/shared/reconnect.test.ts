// A connection that breaks and comes back to the same server: nothing that this has acknowledged is done again.

import { expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { keyOf } from "./frames.ts";
import { eventually, never, redisStats, SharedWorld } from "./pair.ts";

const world = new SharedWorld();
const KEYS = Array.from({ length: 20 }, (_, index) => `k${index}`);

test.each(["at once", "after a while"])("P7 costs no entry when it comes back %s", async (when) => {
  const proxy = await startProxy({ port: world.server.port });
  world.atEnd(() => proxy.stop());
  const { host, port } = proxy;
  const name = world.newName();
  const cache = new TieredCacheManager({ name, tiers: [memoryTier(), redisTier({ host, port, timeout: 1_000 })] });
  world.atEnd(() => cache.close());
  await eventually(() => cache.stats().bus?.live, true);
  for (const key of KEYS) await cache.set(key, key);
  let losses = 0;
  cache.on("busLost", () => void losses++);
  let replayed = 0;
  cache.on("pendingReplayed", ({ count }) => void (replayed += count));

  const accepted = proxy.accepted;
  if (when === "after a while") await proxy.refuse();
  proxy.reset();
  // It may be live again before anybody looks.
  await eventually(() => losses > 0, true);
  if (when === "after a while") {
    // What cannot be reached meanwhile is pending, and done later.
    expect(await cache.delete("k0")).toMatchObject({ authority: "pending" });
    await proxy.accept();
  }
  await eventually(() => proxy.accepted > accepted && cache.stats().bus?.live, true);
  await eventually(() => redisStats(cache).pending, 0);

  const kept = when === "at once" ? KEYS : KEYS.slice(1);
  expect(replayed).toBe(KEYS.length - kept.length);
  expect(await world.raw.exists(...KEYS.map((key) => keyOf(name, key)))).toBe(kept.length);
  for (const key of kept) expect(await cache.get(key, never)).toBe(key);
});
