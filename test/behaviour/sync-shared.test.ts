// Synchronous refreshes of caches with a shared tier: what memory may give, and what becomes of the result.

import { afterEach, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { World } from "../test-suite/memory-authority.ts";
import { ownTier, type Kind } from "../test-suite/own-tier.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";

forbidUnhandledRejections();

const caches: TieredCacheManager[] = [];

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});

/** Messages come a turn of the event loop later, as from a socket. */
class LateWorld extends World {
  override publish(...message: Parameters<World["publish"]>): void {
    setImmediate(() => super.publish(...message));
  }
}

const never = (): never => {
  throw new Error("this refresh was not needed");
};

function openAtOnce(world: World, kind: Kind = {}): TieredCacheManager {
  const tiers = [memoryTier(), ownTier(world, kind)];
  const cache = new TieredCacheManager({ name: "shop", ttl: "1m", staleIfError: "1h", tiers });
  caches.push(cache);
  return cache;
}

/** One that hears the others. */
async function open(world: World, kind: Kind = {}): Promise<TieredCacheManager> {
  const cache = openAtOnce(world, kind);
  const { hasBus = true } = kind;
  const isLive = (): boolean => cache.stats().bus?.live === true;
  if (hasBus) await waitUntil(isLive, { what: "the bus is live" });
  await cache.has("no such key");
  return cache;
}

/** Waits until the authority has been told, and has answered. */
async function untilSent(world: World): Promise<void> {
  await waitUntil(() => world.frames.size > 0, { what: "the authority has the value" });
}

describe.each([true, false])("with a bus: %s", (hasBus) => {
  test("a result is in memory at once, and in the shared tier behind", async () => {
    const world = new World();
    const [a, b] = [await open(world, { hasBus }), await open(world, { hasBus })];
    expect(a.getSync<string>("k", () => "made", { tags: ["t"] })).toBe("made");
    expect(a.getSync("k", never)).toBe("made");
    await untilSent(world);
    expect(await b.get("k", never)).toBe("made");
    expect(a.stats()).toMatchObject({ sets: 0, refreshes: { foreground: 1 } });
    await b.invalidateTags(["t"]);
    await waitUntil(async () => (await a.get("k")) === undefined, { what: "it has its tag there" });
  });

  test("the shared tier gets a result as it was, whatever the caller does with it", async () => {
    const world = new World();
    const [a, b] = [await open(world, { hasBus }), await open(world, { hasBus })];
    await a.get("warm", () => 1);
    world.frames.clear();
    a.getSync("k", () => [1]).push(2);
    await untilSent(world);
    expect(await b.get("k", never)).toEqual([1]);
  });

  test("a result undefined ends what the shared tier has", async () => {
    const world = new World();
    const [a, b] = [await open(world, { hasBus }), await open(world, { hasBus })];
    await b.set("k", "old");
    expect(a.getSync("k", () => undefined)).toBeUndefined();
    await waitUntil(async () => (await b.get("k")) === undefined, { what: "it has ended there" });
  });

  test("close() waits for what is on its way", async () => {
    const world = new World();
    const a = await open(world, { hasBus });
    a.getSync("k", () => "made");
    await a.close();
    expect(world.frames.size).toBe(1);
  });
});

describe("what memory has", () => {
  test("is given while it is trusted; nobody else is asked", async () => {
    const world = new World();
    const [a, b] = [await open(world), await open(world)];
    await a.set("k", "set");
    expect([a.getSync("k", never), b.getSync("k", () => "loaded")]).toEqual(["set", "loaded"]);
    expect(a.stats().refreshes).toMatchObject({ foreground: 0, failed: 0 });
  });

  test("is refreshed when it would have to be verified, and is no old value to fall back on", async () => {
    const a = await open(new World(), { hasBus: false });
    await a.set("k", "set");
    expect(a.getSync("k", ({ stale }) => [stale])).toEqual([undefined]);
    await a.set("k", "set");
    const down = (): never => {
      throw new Error("down");
    };
    expect(() => a.getSync("k", down)).toThrow("down");
  });

  test("has to be verified once its way to the authority is over and nobody has confirmed it", async () => {
    const a = await open(new World());
    a.getSync("k", () => "made");
    void a.markNamespaceStale();
    expect(a.getSync("k")).toBe("made");
    await waitUntil(() => a.getSync("k") === undefined, { what: "it is not believed any more" });
  });
});

describe("P3 what was invalidated elsewhere while a synchronous refresh ran", () => {
  /** What another process that has just deleted the key has published. */
  const deleted = (fullKey: string) => ({ kind: "key", fullKey, version: undefined }) as const;

  test("is not stored when word of it has come in meanwhile", async () => {
    const world = new LateWorld();
    const sent: string[] = [];
    const a = await open(world, {
      broken: (authority) => ({ set: (...args) => (sent.push(args[0]), authority.set(...args)) }),
    });
    await a.set("k", "old");
    const [fullKey] = sent.splice(0) as [string];
    const events: string[] = [];
    a.on("fillRejected", ({ key }) => events.push(key));
    a.getSync("k", () => (world.frames.clear(), world.publish(deleted(fullKey), {}), "overtaken"), {
      forceRefresh: true,
    });
    await a.close();
    expect([sent, world.frames.size, events]).toEqual([[], 0, ["k"]]);
  });

  test("is taken back when word of it comes while it is being sent", async () => {
    const world = new LateWorld();
    let sets = 0;
    const a = await open(world, {
      broken: (authority) => ({
        set(...args) {
          sets++;
          world.publish(deleted(args[0]), {});
          return authority.set(...args);
        },
      }),
    });
    expect(a.getSync("k", () => "overtaken")).toBe("overtaken");
    expect(a.getSync("k")).toBe("overtaken");
    await a.close();
    expect([sets, world.frames.size]).toEqual([1, 0]);
  });

  test.each(["acquire", "discard"] as const)(
    "is ended later when it cannot be taken back at once: %s fails",
    async (verb) => {
      const world = new LateWorld();
      const tries: string[] = [];
      const a = await open(world, {
        broken: (authority) => ({
          set(...args) {
            world.publish(deleted(args[0]), {});
            return authority.set(...args);
          },
          [verb]: (fullKey: string) => (tries.push(fullKey), Promise.reject(new Error("away"))),
        }),
      });
      a.getSync("k", () => "overtaken");
      await waitUntil(() => tries.length > 0, { what: "it is to be taken back" });
      await waitUntil(async () => (await a.get("k")) === undefined, { what: "it is not believed any more" });
      expect(world.frames.size).toBe(1);
      await waitUntil(() => world.frames.size === 0, { what: "it has been ended" });
    },
  );

  test("is ended at last when another process has taken the lease, and gives it back", async () => {
    const world = new LateWorld();
    const a = await open(world, {
      broken: (authority) => ({
        async set(...args) {
          world.publish(deleted(args[0]), {});
          const written = await authority.set(...args);
          world.leases.set(args[0], { what: "another", endsAt: Infinity });
          return written;
        },
      }),
    });
    a.getSync("k", () => "overtaken");
    await untilSent(world);
    await waitUntil(() => world.frames.size === 0, { what: "it has been ended" });
    expect(await a.get("k")).toBeUndefined();
  });

  test("is left alone when another process has set the key since", async () => {
    const world = new LateWorld();
    const b = await open(world);
    const newer: Promise<unknown>[] = [];
    const a = await open(world, {
      broken: (authority) => ({
        set(...args) {
          const stored = authority.set(...args);
          newer.push(b.set("k", "newer"));
          return stored;
        },
      }),
    });
    a.getSync("k", () => "loaded");
    await a.close();
    expect([await Promise.all(newer), world.frames.size]).toEqual([[{ authority: "done" }], 1]);
    expect(await b.get("k")).toBe("newer");
  });
});

describe("two results in a row", () => {
  test("the later one is what all processes come to hold, though word of the earlier one comes after it", async () => {
    const world = new LateWorld();
    let sets = 0;
    const a = await open(world, {
      broken: (authority) => ({
        set(...args) {
          const stored = authority.set(...args);
          if (++sets === 1) for (const n of [2, 3]) queueMicrotask(() => refresh(n));
          return stored;
        },
      }),
    });
    const refresh = (n: number): number => a.getSync("k", () => n, { forceRefresh: true });
    refresh(1);
    await waitUntil(() => sets === 2, { what: "the last has been sent" });
    const b = await open(world);
    expect(await b.get("k", never)).toBe(3);
    await waitUntil(async () => (await a.get("k")) === 3, { what: "its own process holds it, too" });
  });

  test("a delete called after a result is in the authority after it", async () => {
    const world = new World();
    const a = await open(world);
    a.getSync("k", () => "made");
    await a.delete("k");
    await a.close();
    expect(world.frames.size).toBe(0);
  });
});

describe("when the shared tier does not answer", () => {
  const DOWN: Kind = { broken: { set: () => Promise.reject(new Error("the disk is full")) } };

  test("a result costs nothing but that it is not there, and nothing is left pending", async () => {
    const world = new World();
    const a = await open(world, DOWN);
    expect(a.getSync("k", () => "made")).toBe("made");
    const lost: unknown[] = [];
    a.on("pendingLost", (event) => lost.push(event));
    await waitUntil(() => (a.stats().tiers["own"] as { errors: number }).errors > 0, { what: "it has been tried" });
    await a.close();
    expect([lost, world.frames.size]).toEqual([[], 0]);
  });

  test("what bytes cannot carry is refused like anything a refresh throws", async () => {
    const world = new World();
    const a = await open(world);
    await a.get("warm", () => 1);
    const refused = expect.objectContaining({ code: "unserializable" }) as Error;
    expect(() => a.getSync("k", () => ({ run: () => 1 }))).toThrow(refused);
    expect(a.getSync("k")).toBeUndefined();
  });
});
