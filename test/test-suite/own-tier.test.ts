// A cache on a shared tier of a user's own: with a bus, without one, and when it fails in its own ways.

import { afterEach, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { World } from "./memory-authority.ts";
import { ownTier, type Kind } from "./own-tier.ts";

forbidUnhandledRejections();

const caches: TieredCacheManager[] = [];

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});

function openCache(world: World, kind: Kind = {}): TieredCacheManager {
  const cache = new TieredCacheManager({ name: "shop", ttl: "1m", tiers: [memoryTier(), ownTier(world, kind)] });
  caches.push(cache);
  return cache;
}

const never = (): never => {
  throw new Error("this refresh was not needed");
};

describe("a shared tier of one's own", () => {
  test("shares what one process has made, and what it ends", async () => {
    const world = new World();
    const [a, b] = [openCache(world), openCache(world)];
    expect(await a.get("k", () => "made", { tags: ["t"] })).toBe("made");
    expect(await b.get("k", never)).toBe("made");
    expect(await a.invalidateTags(["t"])).toEqual({ authority: "done" });
    await waitUntil(async () => (await b.get("k")) === undefined, { what: "the other has heard" });
    // A probe of its bus may just be late.
    await waitUntil(async () => (await a.health()).status === "healthy", { what: "the health is good" });
  });

  test("needs no bus: every read asks it then, and what one process ends is ended at once", async () => {
    const world = new World();
    const [a, b] = [openCache(world, { hasBus: false }), openCache(world, { hasBus: false })];
    for (const verb of ["delete", "clear"] as const) {
      expect([await a.get("k", () => verb), await b.get("k", never)]).toEqual([verb, verb]);
      await (verb === "delete" ? a.delete("k") : a.clear());
      expect(await b.get("k")).toBeUndefined();
    }
    expect(await a.health()).toMatchObject({ status: "healthy", reasons: ["own has no bus: every read asks it"] });
  });

  test.each([
    ["an error", new Error("the disk is full"), "the disk is full"],
    ["a text", "no disk", "'no disk'"],
  ])("may fail with %s, which health tells, and which costs its callers nothing", async (_what, failure, text) => {
    const cache = openCache(new World(), { broken: { now: () => Promise.reject(failure) } });
    expect(await cache.get("k", () => "made")).toBe("made");
    const { status, reasons } = await cache.health();
    expect([status, reasons[0]]).toEqual(["degraded", `own does not answer: ${text}`]);
  });
});
