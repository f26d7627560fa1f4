// While Redis is away: what looks into a cache tells what memory has, and leaves out what it cannot know.

import { expect, test } from "vitest";
import { collect } from "../support/cache.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { IS_SQLITE, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

test("P10 getEntry, has and ttl go by the copy in memory, which keys() does not vouch for", async () => {
  const proxy = await startProxy(world.server);
  world.atEnd(() => proxy.stop());
  const name = world.newName();
  await (await world.open({ name })).set("k", "v");
  // It opens later: what it had heard of would have to be done again, and not be believed until then.
  // Without a breaker: once one is open, copies count as they are.
  const cache = await world.open({ name, redis: { host: proxy.host, port: proxy.port, breaker: false } });
  expect(await cache.get("k")).toBe("v");
  const look = async (): Promise<unknown[]> => {
    const entry = await cache.getEntry("k");
    return [entry?.value, entry?.tier, await cache.has("k"), (await cache.ttl("k")) !== undefined];
  };
  expect([await look(), await collect(cache.keys())]).toEqual([["v", "memory", true, true], ["k"]]);
  await proxy.refuse();
  proxy.reset();
  await waitUntil(() => !cache.stats().bus?.live, { what: "the bus is lost" });
  expect([await look(), await collect(cache.keys())]).toEqual([["v", "memory", true, true], []]);
  expect([await cache.getEntry("other"), await cache.has("other"), await cache.ttl("other")]).toEqual([
    undefined,
    false,
    undefined,
  ]);
});

test.skipIf(IS_SQLITE).each([
  ["its connection is new", false],
  ["its epochs are not known", true],
])(
  "P10 a read behind sets that wait for Redis does not wait longer than without them, where %s",
  async (_why, isLive) => {
    const cache = world.openAtOnce({ name: world.newName(), redis: { timeout: 1_000 } });
    if (isLive) await untilLive(cache);
    world.server.pause();
    world.atEnd(() => world.server.resume());
    const setting = Promise.all([cache.set("k", 1, { tags: ["t"] }), cache.delete("k"), cache.set("k", 2)]);
    const { value, tookMs } = await timed(() => cache.get("k", () => "loaded"));
    expect(["loaded", 2]).toContain(value);
    expect(tookMs).toBeLessThan(1_700);
    await setting;
  },
);
