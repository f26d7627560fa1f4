// What a cache with a shared tier says of messages it has missed, and of copies it had to verify: each exactly when it should.

import { describe, expect, test } from "vitest";
import { memoryTier, type CacheEvent, type TieredCacheManager } from "../../src/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { Listeners } from "../../src/observe/events.ts";
import { redisTier } from "../../src/redis/index.ts";
import { resolveCache } from "../../src/settings.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { frameAt, keyOf } from "./frames.ts";
import { heard, IS_SQLITE, never, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

const GAP = IS_SQLITE ? "messages have been trimmed before they were read" : "a message is missing";

/** What a cache says of its bus and of verified copies, from now on. */
function listen(cache: TieredCacheManager): CacheEvent[] {
  const events: CacheEvent[] = [];
  for (const type of ["busGap", "busLost", "busLive", "suspectVerified"] as const) {
    cache.on(type, (event) => void events.push(event));
  }
  return events;
}

/** From before and after, a cache has missed messages and is live again: what it holds is suspect. */
async function missMessages(cache: TieredCacheManager, count = 1): Promise<void> {
  const seen: string[] = [];
  const stops = (["busLost", "busLive"] as const).map((type) => cache.on(type, () => void seen.push(type)));
  await world.loseMessages(cache.name, count);
  await waitUntil(() => seen.join() === "busLost,busLive", { what: "the bus was lost and is live again" });
  for (const stop of stops) stop();
}

describe("busGap", () => {
  test("tells every process, once, how many messages it has missed, before busLost", async () => {
    const { name, a, b } = await world.pair();
    const [ofA, ofB] = [listen(a), listen(b)];
    await world.loseMessages(name, 3);
    for (const events of [ofA, ofB]) {
      await waitUntil(() => events.length >= 3, { what: "the bus is live again" });
      expect(events).toEqual([
        { type: "busGap", tier: "redis", missing: 3, reason: GAP },
        { type: "busLost", tier: "redis", reason: GAP },
        { type: "busLive", tier: "redis" },
      ]);
    }
  });

  test("says nothing while messages come, and nothing of a bus that was lost otherwise", async () => {
    const { a, b } = await world.pair();
    const events = listen(b);
    for (let index = 0; index < 20; index++) await a.set(`k${index}`, index);
    await heard(a, b);
    if (!IS_SQLITE) {
      await world.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
      await waitUntil(() => events.some(({ type }) => type === "busLive"), { what: "the bus is live again" });
    }
    expect(events.map(({ type }) => type)).toEqual(IS_SQLITE ? [] : ["busLost", "busLive"]);
  });

  test("costs a listener that throws nothing but itself: what comes afterwards is heard", async () => {
    const { a, b } = await world.pair();
    const errors: CacheEvent[] = [];
    const fail = (): never => {
      throw new Error("thrown by a listener");
    };
    for (const type of ["busGap", "suspectVerified"] as const) b.on(type, fail);
    b.on("listenerError", (event) => void errors.push(event));
    await a.set("k", "old");
    expect(await b.get("k")).toBe("old");
    await missMessages(b);
    expect(await b.get("k", never)).toBe("old");
    await a.delete("k");
    await heard(a, b);
    expect(await b.get("k")).toBeUndefined();
    expect(errors.map((event) => event.type === "listenerError" && event.event.type)).toEqual([
      "busGap",
      "suspectVerified",
    ]);
  });

  test.skipIf(IS_SQLITE)("is counted, as messages and losses are, and the lag is known", async () => {
    const { name, a } = await world.pair();
    const listeners = new Listeners(name);
    const engine = createEngine(resolveCache({ name, tiers: [memoryTier(), redisTier(world.at)] }), listeners);
    const { shared } = engine;
    if (shared === undefined) throw new Error("there is a shared tier");
    world.atEnd(() => shared.close());
    const { trust, bus } = shared;
    const counted = engine.counters.bus;
    expect([trust.lossReason, bus?.lagMs]).toEqual(["it has not been live yet", undefined]);
    await waitUntil(() => trust.isUp, { what: "the bus is live" });
    expect(trust.lossReason).toBeUndefined();
    expect(bus?.lagMs).toBeGreaterThanOrEqual(0);
    const before = counted.messages;
    await a.set("k", 1);
    await a.delete("k");
    await waitUntil(() => counted.messages === before + 2, { what: "both messages have come" });
    expect(counted).toMatchObject({ gaps: 0, missing: 0, losses: 0 });
    const lostAfter = engine.clock.now();
    let why: unknown[] = [];
    listeners.add("busLost", () => void (why = [trust.lossReason, trust.changedAt >= lostAfter]));
    await world.loseMessages(name, 2);
    await waitUntil(() => counted.losses === 1, { what: "the bus is lost" });
    expect(why).toEqual([GAP, true]);
    expect(counted).toMatchObject({ gaps: 1, missing: 2, losses: 1 });
  });
});

describe("suspectVerified", () => {
  const of = (outcome: string, key = "k"): object => ({
    type: "suspectVerified",
    key,
    namespace: undefined,
    tier: "memory",
    outcome,
  });
  const verified = (events: readonly CacheEvent[]): CacheEvent[] =>
    events.filter(({ type }) => type === "suspectVerified");

  test("says that a suspect copy was confirmed, once: then it is trusted", async () => {
    const { a } = await world.pair();
    await a.set("k", "v");
    const events = listen(a);
    // From memory, and, where that is too old for the call, from the tier behind it: the copy was trusted.
    expect([await a.get("k", never), await a.get("k", { maxAge: 0 })]).toEqual(["v", undefined]);
    expect(verified(events)).toEqual([]);
    expect(await a.get("k", never)).toBe("v");
    await missMessages(a);
    expect([await a.get("k", never), await a.get("k", never), await a.has("k")]).toEqual(["v", "v", true]);
    expect(verified(events)).toEqual([of("confirmed")]);
  });

  test("says that another value took its place", async () => {
    const { name, a, b } = await world.pair();
    const at = keyOf(name, "k");
    await a.set("k", "first");
    const first = await frameAt(world.raw, at);
    await a.set("k", "second");
    // Word of the first one may come after the second, and costs the copy.
    await heard(b, a);
    expect(await a.get("k", never)).toBe("second");
    await world.raw.set(at, first, "KEEPTTL");
    await missMessages(a);
    const events = listen(a);
    expect(await a.get("k", never)).toBe("first");
    expect(verified(events)).toEqual([of("replaced")]);
  });

  test("says that there is nothing to be used any more", async () => {
    const { name, a } = await world.pair();
    await a.set("k", "v");
    await world.raw.set(keyOf(name, "k"), "no frame", "KEEPTTL");
    await missMessages(a);
    const events = listen(a);
    expect(await a.get("k")).toBeUndefined();
    expect(await a.get("k", () => "w")).toBe("w");
    expect(verified(events)).toEqual([of("gone")]);
  });

  test("says so of every read where there is no bus, and of none where the shared tier is read first", async () => {
    const name = world.newName();
    const deaf = world.openAtOnce({ name, redis: { bus: false } });
    const far = await world.open({ name, shape: (memory, redis) => [redis, memory] });
    await deaf.set("k", "v");
    const [ofDeaf, ofFar] = [listen(deaf), listen(far)];
    for (const cache of [deaf, far]) expect([await cache.get("k"), await cache.get("k")]).toEqual(["v", "v"]);
    await missMessages(far);
    expect(await far.get("k")).toBe("v");
    expect([verified(ofDeaf), verified(ofFar)]).toEqual([[of("confirmed"), of("confirmed")], []]);
  });

  test.runIf(IS_SQLITE)("says so of getSync as well", async () => {
    const { name, a } = await world.pair();
    await a.set("k", "v");
    await a.set("gone", "v");
    await missMessages(a);
    const events = listen(a);
    await world.raw.set(keyOf(name, "gone"), "no frame", "KEEPTTL");
    expect([a.getSync("k"), a.getSync("gone")]).toEqual(["v", undefined]);
    expect(verified(events)).toEqual([of("confirmed"), of("gone", "gone")]);
  });

  test("is said of nothing that was loaded anew, nor when nobody has answered", async () => {
    const { a } = await world.pair();
    await a.set("k", "v");
    await missMessages(a);
    const events = listen(a);
    expect(await a.get("k", () => "w", { forceRefresh: true })).toBe("w");
    expect(await a.get("other", () => 1)).toBe(1);
    expect(verified(events)).toEqual([]);
    await untilLive(a);
  });
});
