// What is pending: kept from being undone here, done there as soon as that is possible, and never at the cost of newer values.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { killSubscribers, tooFewReplicas } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Site } from "./fault-cases.ts";
import { PATIENT_MS, TIMEOUT_MS } from "./open.ts";
import { openPair } from "./site.ts";
import type { PeerCache } from "./peer.ts";
import { redisStats, setDone, untilHealthy, World } from "./world.ts";

const READS = 50;
const SOME_PROBES_MS = 500;
const IN_SPACE = { namespace: "space" };

type Verb = (here: TieredCacheManager) => Promise<{ readonly authority: string }>;

/** Everything that ends `key`, with its tag, in its namespace. */
const VERBS: Readonly<Record<string, Verb>> = {
  delete: (here) => here.delete("key", IN_SPACE),
  deleteMany: (here) => here.deleteMany(["key", "other"], IN_SPACE),
  deleteMatching: (here) => here.deleteMatching("k*", IN_SPACE),
  set: (here) => here.set("key", "new", IN_SPACE),
  invalidateTags: (here) => here.invalidateTags(["tag"]),
  clearNamespace: (here) => here.clearNamespace("space"),
  clear: (here) => here.clear(),
};

describe("replay", () => {
  const world = new World();

  const cutOff = ({ proxy }: Site): Promise<void> =>
    world.suffer(async () => {
      await proxy.refuse();
      proxy.reset();
      return () => proxy.accept();
    });

  for (const [verb, call] of Object.entries(VERBS)) {
    test(`P11 ${verb} while Redis is away: pending, then done for all`, async () => {
      const pair = await openPair(world);
      const { here, there } = pair;
      await setDone(here, "key", "old", { ...IN_SPACE, tags: ["tag"] });
      expect(await there.call("get", "key", IN_SPACE)).toBe("old");
      await cutOff(pair);
      expect(await call(here)).toMatchObject({ authority: "pending" });
      expect(await here.get("key", IN_SPACE)).not.toBe("old");
      // The control: nobody has told the other process.
      expect(await there.call("get", "key", IN_SPACE)).toBe("old");
      await world.heal();
      await untilHealthy(here);
      await waitUntil(async () => (await there.call("get", "key", IN_SPACE)) === undefined, {
        what: "the other process has lost the old value",
      });
      expect(await here.get("key", IN_SPACE)).not.toBe("old");
    });
  }

  test("P11 a pending set never overwrites a newer value: it ends what is there", async () => {
    const pair = await openPair(world);
    const { here, there } = pair;
    await cutOff(pair);
    expect(await here.set("key", "mine")).toEqual({ authority: "pending" });
    expect(await here.get("key")).toBe("mine");
    expect(await there.set("key", "newer")).toEqual({ authority: "done" });
    await there.watch("key", "mine");
    await world.heal();
    await untilHealthy(here);
    expect([await here.get("key"), await there.get("key")]).toEqual([undefined, undefined]);
    expect((await there.watched()).lastOldAt).toBe(undefined);
  });

  test("P11 a set that is not pending does: the control", async () => {
    const { here, there } = await openPair(world);
    expect(await there.set("key", "older")).toEqual({ authority: "done" });
    await there.watch("key", "mine");
    await setDone(here, "key", "mine");
    await waitUntil(async () => (await there.get("key")) === "mine", { what: "it is there" });
    expect((await there.watched()).lastOldAt).toBeGreaterThan(0);
  });

  for (const isLate of [true, false]) {
    const what = isLate ? "too late takes no effect there any more" : "in time does: the control";
    test(`P11 a set that reaches Redis ${what}`, async () => {
      const pair = await openPair(world, isLate ? TIMEOUT_MS : PATIENT_MS);
      const { proxy, here, there } = pair;
      const writes = proxy.toServer.hold({ command: /^EVAL/i, bytes: "mine" });
      await there.watch("key", "mine");
      const setting = here.set("key", "mine");
      const sentAt = performance.now();
      await writes.caught();
      if (isLate) {
        expect(await setting).toEqual({ authority: "pending" });
        // Its deadline, by the server's clock: who waits for it here gives up a little earlier.
        await waitUntil(() => performance.now() - sentAt > 2 * TIMEOUT_MS, { what: "its time is over" });
        expect(await there.set("key", "newer")).toEqual({ authority: "done" });
      }
      writes.release();
      expect(await setting).toEqual({ authority: isLate ? "pending" : "done" });
      await untilHealthy(here);
      const { reads, lastOldAt } = await seen(there, isLate);
      expect(reads).toBeGreaterThan(0);
      if (isLate) expect(lastOldAt).toBe(undefined);
      else expect(lastOldAt).toBeGreaterThan(0);
    });
  }

  test("P11 what is pending is believed here, although Redis can be read and still has the old value", async () => {
    const pair = await openPair(world);
    const { server, here, there } = pair;
    for (const key of ["deleted", "tagged"]) {
      await setDone(here, key, "old", { tags: [key] });
      world.source.put(key, "new");
    }
    await world.suffer(() => tooFewReplicas(server));
    expect(await here.delete("deleted")).toMatchObject({ authority: "pending" });
    expect(await here.invalidateTags(["tagged"])).toMatchObject({ authority: "pending" });
    // The control: it is there for others.
    expect([await there.get("deleted"), await there.get("tagged")]).toEqual(["old", "old"]);
    for (let n = 0; n < READS; n++) {
      expect([await here.get("deleted"), await here.get("tagged")]).not.toContain("old");
      expect([await world.load(here, "deleted"), await world.load(here, "tagged")]).toEqual(["new", "new"]);
    }
    expect(redisStats(here).pending).toBe(2);
    await world.heal();
    await untilHealthy(here);
    await waitUntil(async () => (await there.get("deleted")) === undefined, { what: "it is gone for others" });
    await waitUntil(async () => (await there.get("tagged")) === undefined, { what: "it is gone for others" });
  });

  for (const isPending of [true, false]) {
    const what = isPending ? "not before what is pending has been done" : "when the bus is back: the control";
    test(`P11 copies are trusted again ${what}`, async () => {
      const { server, here, events } = await openPair(world);
      await world.suffer(() => tooFewReplicas(server));
      if (isPending) expect(await here.delete("key")).toMatchObject({ authority: "pending" });
      await killSubscribers(server);
      await waitUntil(() => events.some(({ type }) => type === "busLost"), { what: "the bus is lost" });
      await subscribed(server, here.name);
      // Messages come again, and several probes have come back.
      const backAt = performance.now();
      const isBack = (): boolean =>
        isPending ? performance.now() - backAt > SOME_PROBES_MS : here.stats().bus?.live === true;
      await waitUntil(isBack, { what: "some probes have come back" });
      expect(redisStats(here)).toMatchObject({ pending: isPending ? 1 : 0 });
      expect(here.stats()).toMatchObject({ bus: { live: !isPending } });
      await world.heal();
      await untilHealthy(here);
      const order = events.map(({ type }) => type).filter((type) => type !== "breaker");
      expect(order).toEqual(["busLost", ...(isPending ? ["pendingReplayed"] : []), "busLive"]);
    });
  }
});

/** Both processes listen to the channel of the cache again. */
async function subscribed(server: RedisServer, name: string): Promise<void> {
  const listeners = async (): Promise<number> => {
    const reply = await server.command("PUBSUB", "NUMSUB", `${name}:bus`);
    return Number((reply as unknown[])[1]);
  };
  await waitUntil(async () => (await listeners()) === 2, { what: "both listen again" });
}

/** What the other process has seen since it began to watch, when it has had time to see something. */
async function seen(there: PeerCache, isLate: boolean): ReturnType<PeerCache["watched"]> {
  const isDone = async (): Promise<boolean> => (await there.get("key")) === (isLate ? undefined : "mine");
  await waitUntil(isDone, { what: "the other process has seen the end of it" });
  return there.watched();
}
