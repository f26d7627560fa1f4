// diagnostics_channel: the same events for tools that have no cache in hand, and nothing for nobody.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, describe, expect, test } from "vitest";
import type { CacheEventMessage } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { recordEvents } from "../support/event-log.ts";

/** What {@link makeEvents} makes happen. */
const HAPPENING = "hit stale miss refreshStart refreshEnd refreshFail set invalidate listenerError".split(" ");

const ends: (() => void)[] = [];

afterEach(() => ends.splice(0).forEach((end) => end()));

function listen(type: string): CacheEventMessage[] {
  const heard: CacheEventMessage[] = [];
  const note = (message: unknown): void => void heard.push(message as CacheEventMessage);
  subscribe(`freshtier:${type}`, note);
  ends.push(() => unsubscribe(`freshtier:${type}`, note));
  return heard;
}

describe("a channel", () => {
  test("tells of the events of every cache, with its name", async () => {
    const [shop, other] = [createCache({ name: "shop" }).cache, createCache({ name: "other" }).cache];
    const [hits, misses] = [listen("hit"), listen("miss")];
    await shop.get("k", () => 1);
    await shop.get("k");
    await other.get("l");
    expect(hits).toEqual([{ type: "hit", key: "k", namespace: undefined, tier: "memory", cache: "shop" }]);
    expect(misses).toEqual([
      { type: "miss", key: "k", namespace: undefined, cache: "shop" },
      { type: "miss", key: "l", namespace: undefined, cache: "other" },
    ]);
  });

  test.each(HAPPENING)("of %s publishes what listeners hear, and stops with its last subscriber", async (type) => {
    const { cache } = createCache({ name: "shop" });
    const events = recordEvents(cache);
    const heard = listen(type);
    const boom = new Error("a listener's");
    cache.on("set", () => {
      throw boom;
    });
    await makeEvents(cache);
    expect(heard).not.toEqual([]);
    expect(heard).toEqual(events.filter((event) => event.type === type).map((event) => ({ ...event, cache: "shop" })));
    ends.splice(0).forEach((end) => end());
    const before = heard.length;
    await makeEvents(cache);
    expect(heard).toHaveLength(before);
  });
});

async function makeEvents(cache: ReturnType<typeof createCache>["cache"]): Promise<void> {
  await cache.set("k", 1);
  await cache.get("k");
  await cache.markStale("k");
  await cache.get("k", () => 2);
  await cache.clear();
  await cache.get("k", () => Promise.reject(new Error("down"))).catch(() => undefined);
}
