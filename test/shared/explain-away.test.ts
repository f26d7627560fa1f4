// `explain` while Redis is away, and of copies on this host: what it says of tiers that do not answer, and of those that then do.

import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type BreakerOptions } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startProxy, type Proxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { missMessages, tierIn } from "./explained.ts";
import { eventually, never, redisStats, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

describe("while Redis is away", () => {
  async function behindProxy(
    breaker: boolean | BreakerOptions = false,
  ): Promise<{ cache: TieredCacheManager; proxy: Proxy; name: string }> {
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    const name = world.newName();
    const redis = redisTier({ host: proxy.host, port: proxy.port, timeout: 1_000, divergenceLimit: 1_000, breaker });
    const tiers = [memoryTier(), redis];
    const cache = new TieredCacheManager({ name, tiers, ttl: "1m", closeTimeout: 0 });
    world.atEnd(() => cache.close());
    await untilLive(cache);
    return { cache, proxy, name };
  }

  async function cutOff(cache: TieredCacheManager, proxy: Proxy): Promise<void> {
    await proxy.refuse();
    proxy.reset();
    await waitUntil(() => cache.stats().bus?.live !== true, { what: "the bus is lost" });
  }

  test("says what it did not answer for, why copies are suspect, and that they are used all the same", async () => {
    const { cache, proxy } = await behindProxy();
    await cache.set("k", "v");
    await cutOff(cache, proxy);
    const told = await cache.explain("k");
    expect(tierIn(told, "shared")).toMatchObject({ presence: "unknown", entry: undefined });
    expect(tierIn(told, "shared").reasons[0]).toMatch(/^redis did not answer: /);
    expect(tierIn(told, "memory").reasons[1]).toMatch(
      /^suspect: the bus of redis has not been live, for .+: (the|its) connection was lost$/,
    );
    expect(told.outlook).toMatchObject({ tier: "memory", state: "fresh" });
    expect(told.lease.holder).toBe("unknown");
    expect(told.bus).toMatchObject({ isLive: false, reason: expect.stringContaining("connection was lost") as string });
    expect(await cache.get("k", never)).toBe("v");
  });

  test("says that a value was made without a lease, and what is pending", async () => {
    const { cache, proxy } = await behindProxy();
    await cutOff(cache, proxy);
    await cache.get("k", () => "v");
    const made = tierIn(await cache.explain("k"), "memory");
    expect(made.entry?.version).toBeUndefined();
    expect(made.reasons[1]).toMatch(/^suspect: redis has not confirmed it, because it was made without a lease/);
    await cache.delete("k");
    await cache.invalidateTags(["shoes"]);
    const told = await cache.explain("k");
    expect(tierIn(told, "shared").reasons).toContain(
      "not believed: an invalidation of the key has not reached redis yet",
    );
    expect(told.bus?.pending).toBe(2);
    expect(told.outlook.plan).toBe("refresh");
  });

  test("asks nothing while the breaker is open, says for how long, and neither closes nor counts it", async () => {
    const { cache, proxy } = await behindProxy({ failures: 2, openFor: "1h" });
    await cache.set("k", "v");
    await cutOff(cache, proxy);
    for (let index = 0; index < 3; index++) await cache.get(`other${index}`);
    await waitUntil(() => redisStats(cache).breakers["redis"] === "open", { what: "the breaker is open" });
    const { errors, refused } = redisStats(cache);
    const told = await cache.explain("k");
    const { reasons, breaker } = tierIn(told, "shared");
    expect(breaker).toMatchObject({ server: "redis", state: "open" });
    expect(breaker?.failures).toBeGreaterThanOrEqual(2);
    expect(reasons[0]).toMatch(
      /^the breaker of redis is open after \d+ failures in a row; it is tried again in \d+ min$/,
    );
    expect(tierIn(told, "memory").reasons).toContain("used without being verified, because redis does not answer");
    expect(redisStats(cache)).toMatchObject({ errors, refused });
    expect(told.outlook).toMatchObject({ tier: "memory", plan: "serve" });
  });

  test("does not feed the breaker: any number of vain questions leave it closed", async () => {
    const { cache, proxy } = await behindProxy({ failures: 1_000, openFor: "1h" });
    await cache.set("k", "v");
    await cutOff(cache, proxy);
    const before = tierIn(await cache.explain("k"), "shared").breaker?.failures ?? 0;
    await Promise.all(Array.from({ length: 200 }, () => cache.explain("k")));
    const after = tierIn(await cache.explain("k"), "shared").breaker?.failures ?? 0;
    // The bus goes on asking by itself meanwhile.
    expect(after - before).toBeLessThan(100);
  });
});

describe("copies on this host", () => {
  const near = (): readonly [string, Parameters<typeof world.open>[0]] => {
    const name = world.newName();
    return [name, { name, shape: (memory, redis, copies) => [memory, copies, redis], memory: { maxEntries: 1 } }];
  };

  test("are trusted like those in memory, and suspect when messages were missed", async () => {
    const [, options] = near();
    const cache = await world.open(options);
    await cache.set("k", "v", { tags: ["shoes"] });
    await eventually(async () => tierIn(await cache.explain("k"), "copies").presence, "present");
    await cache.set("filler", 0);
    const told = await cache.explain("k");
    const copy = tierIn(told, "copies");
    expect(copy.entry).toMatchObject({
      state: "fresh",
      isTrusted: true,
      tags: ["shoes"],
      payload: { compression: undefined },
    });
    expect(told.outlook).toMatchObject({ tier: "sqlite", state: "fresh" });
    await missMessages(world, cache);
    const suspect = await cache.explain("k");
    expect(tierIn(suspect, "copies").entry?.isTrusted).toBe(false);
    expect(tierIn(suspect, "copies").reasons.at(-1)).toMatch(/^suspect: made before the bus of redis was live/);
    expect(suspect.outlook.tier).toBe("redis");
    await cache.invalidateTags(["shoes"]);
    expect(tierIn(await cache.explain("k"), "copies").entry?.state).toBe("expired");
  });

  test("say so when there is none", async () => {
    const [, options] = near();
    const cache = await world.open(options);
    expect(tierIn(await cache.explain("k"), "copies")).toMatchObject({
      presence: "absent",
      reasons: ["no copy is there"],
    });
  });
});
