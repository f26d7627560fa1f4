// What a process keeps is bounded. Beyond the bound there are more misses, and never old values.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { eventually, heard, redisStats, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** One more than a process keeps of invalidations, and so few that it keeps them all. */
const TOO_MANY = 20_001;
const FEW = 100;
const LONG = { timeout: 60_000 };

/** Calls how often everything was ended, as this process hears of it. */
function timesCleared(cache: TieredCacheManager): () => number {
  let times = 0;
  cache.on("invalidate", ({ target }) => void (times += Number(target === "all")));
  return () => times;
}

describe("invalidations that Redis has not got", () => {
  test.each([
    [TOO_MANY, true],
    [FEW, false],
  ])("P11 %i of them end everything as soon as it gets them: %s", LONG, async (count, isCleared) => {
    const name = world.newName();
    const proxy = await startProxy(world.server);
    world.atEnd(() => proxy.stop());
    const b = await world.open({ name });
    await b.setMany({ k0: "old", bystander: "seen" });
    // It opens later: what it has heard of counts as invalidated too.
    const a = await world.open({ name, redis: { host: proxy.host, port: proxy.port, timeout: 1_000 } });
    expect(await a.getMany(["k0", "bystander"])).toEqual(["old", "seen"]);
    await proxy.refuse();
    proxy.reset();
    await waitUntil(() => !a.stats().bus?.live, { what: "the bus is lost" });
    expect(await a.deleteMany(names(count, "k"))).toMatchObject({ authority: "pending" });
    expect([redisStats(a).pending, await a.get("k0")]).toEqual([isCleared ? 1 : count, undefined]);
    await proxy.accept();
    await waitUntil(() => redisStats(a).pending === 0, { deadlineMs: 30_000, what: "all have been done" });
    await untilLive(a);
    const left = [undefined, isCleared ? undefined : "seen"];
    for (const cache of [a, b]) await eventually(() => cache.getMany(["k0", "bystander"]), left);
  });
});

describe("invalidations that Redis has got", () => {
  test.each([
    [TOO_MANY, true],
    [FEW, false],
  ])("P7 %i of them end everything when it may have lost them: %s", LONG, async (count, isCleared) => {
    const { a, b } = await world.pair();
    const cleared = timesCleared(b);
    let replayed = 0;
    a.on("pendingReplayed", () => void replayed++);
    expect(await a.deleteMany(names(count, "k"))).toMatchObject({ authority: "done" });
    await heard(a, b);
    expect(cleared()).toBe(0);
    // It continues other data: a failover that cuts no connection.
    await world.server.command("DEBUG", "CHANGE-REPL-ID");
    await waitUntil(() => replayed > 0, { deadlineMs: 30_000, what: "what it may have lost has been done again" });
    await heard(a, b);
    expect(cleared() > 0).toBe(isCleared);
  });
});

test("P7 who invalidates more tags than fit the table forgets none of those in use", LONG, async () => {
  // So many messages at once hold up those by which a process knows that it hears.
  const { a, b } = await world.pair({ redis: { divergenceLimit: "1m" } });
  await a.set("kept", 1, { tags: ["kept"] });
  await a.set("ended", 1, { tags: ["t0"] });
  expect(await b.getMany(["kept", "ended"])).toEqual([1, 1]);
  await a.invalidateTags(names(10_001, "t"));
  // What is forgotten counts as invalidated, and would have to come from Redis.
  expect((await a.getEntry("kept"))?.tier).toBe("memory");
  for (const cache of [a, b]) await eventually(() => cache.getMany(["kept", "ended"]), [1, undefined]);
  await b.invalidateTags(["kept"]);
  for (const cache of [a, b]) await eventually(() => cache.get("kept"), undefined);
});
