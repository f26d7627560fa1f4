// Processes whose clocks are wrong by a quarter of an hour: they behave like the others.

import { describe, expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import type { PeerCache } from "./peer.ts";
import { World } from "./world.ts";

const QUARTER_MS = 15 * 60_000;
const OFFSETS = { "15 minutes fast": QUARTER_MS, "15 minutes slow": -QUARTER_MS, right: 0 };
const TTL_MS = 2_000;
/** What a reading of the server's clock may be off, on a busy machine. */
const SKEW_MS = 250;

describe("clocks", () => {
  const world = new World();

  /** A cache for each clock. They share a process, but nothing in it. */
  async function fleet(): Promise<readonly PeerCache[]> {
    const { host, port } = await world.server();
    const options = { name: world.newName(), redis: { host, port }, staleWhileRevalidate: 0 };
    return Promise.all(
      Object.entries(OFFSETS).map(([clock, clockOffsetMs]) =>
        world.commonCache({ ...options, clockOffsetMs }, 0, `${options.name}, ${clock}`),
      ),
    );
  }

  for (const [index, clock] of Object.keys(OFFSETS).entries()) {
    const isControl = clock === "right" ? ": the control" : "";

    test(`P6 what a process whose clock is ${clock} sets is fresh for as long on all others${isControl}`, async () => {
      const caches = await fleet();
      const setAt = performance.now();
      await caches[index]!.set("key", "value", { ttl: TTL_MS });
      for (const cache of caches) {
        const left = Number(await cache.call("ttl", "key"));
        expect(left).toBeLessThanOrEqual(TTL_MS);
        expect(left).toBeGreaterThan(TTL_MS - (performance.now() - setAt) - SKEW_MS);
        expect(await cache.get("key")).toBe("value");
      }
      const isGone = async (): Promise<boolean> =>
        (await Promise.all(caches.map((cache) => cache.get("key")))).every((value) => value === undefined);
      await waitUntil(isGone, { what: "it has expired everywhere" });
      expect(performance.now() - setAt).toBeGreaterThan(TTL_MS - SKEW_MS);
    });

    test(`P6 what a process whose clock is ${clock} invalidates is gone on all others${isControl}`, async () => {
      const caches = await fleet();
      const writer = caches[(index + 1) % caches.length]!;
      for (const [verb, argument] of [["delete", "key"], ["invalidateTags", ["tag"]], ["clear"]] as const) {
        await writer.set("key", "old", { tags: ["tag"] });
        for (const cache of caches)
          await waitUntil(async () => (await cache.get("key")) === "old", { what: "all hold it" });
        expect(await caches[index]!.call(verb, argument)).toMatchObject({ authority: "done" });
        const isGone = async (): Promise<boolean> =>
          (await Promise.all(caches.map((cache) => cache.get("key")))).every((value) => value === undefined);
        await waitUntil(isGone, { what: `it is gone everywhere after ${verb}` });
      }
    });

    test(`P6 a refresh of a process whose clock is ${clock} is refused after an invalidation by another${isControl}`, async () => {
      const caches = await fleet();
      const [mine, other] = [caches[index]!, caches[(index + 1) % caches.length]!];
      world.source.hold("key");
      world.source.put("key", "old");
      const loading = mine.load("key");
      const held = await world.source.nth("key", 1);
      expect(await other.delete("key")).toMatchObject({ authority: "done" });
      held.release();
      await loading;
      expect(await Promise.all(caches.map((cache) => cache.get("key")))).toEqual([undefined, undefined, undefined]);
    });
  }
});
