// Values set by several processes at once: in the end all of them, and Redis, hold the same.

import { describe, expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import type { PeerCache } from "./peer.ts";
import { World } from "./world.ts";

const KEYS = ["one", "two", "three"];
const ROUNDS = 25;

describe("concurrent sets", () => {
  const world = new World();

  /** Every process sets every key again and again, and reads it, all at once. */
  async function setAll(caches: readonly PeerCache[]): Promise<void> {
    await Promise.all(
      caches.flatMap((cache) =>
        KEYS.map(async (key) => {
          for (let round = 0; round < ROUNDS; round++) {
            expect(await cache.set(key, `${cache.peer.name} ${round}`)).toEqual({ authority: "done" });
            await cache.get(key);
          }
        }),
      ),
    );
  }

  /** What each process holds in memory, or `undefined`. */
  const inMemory = (caches: readonly PeerCache[], key: string): Promise<unknown[]> =>
    Promise.all(caches.map((cache) => cache.call("getSync", key)));

  test("P5 sets of four processes converge: each holds what Redis holds, or nothing", async () => {
    const { host, port } = await world.server();
    const options = { name: world.newName(), redis: { host, port } };
    const caches = await world.commonCaches(4, options);
    await setAll(caches);
    // It has no copies: what it reads is in Redis.
    const reader = await world.openLive(options);
    for (const key of KEYS) {
      const value = await reader.get(key);
      // There is something to compare: the last to read has a copy.
      expect(value).toMatch(/^(ann|bob|cid|dee) \d+$/);
      const agree = async (): Promise<boolean> =>
        (await inMemory(caches, key)).every((held) => held === undefined || held === value);
      await waitUntil(agree, { what: `every copy of ${key} is what Redis holds` });
      expect(new Set(await Promise.all(caches.map((cache) => cache.get(key))))).toEqual(new Set([value]));
      // And once more: nothing that was under way has come back.
      expect(await agree()).toBe(true);
      expect(await reader.get(key)).toBe(value);
    }
  });

  test("P5 processes that share nothing hold different values: the control", async () => {
    const { host, port } = await world.server();
    const caches = await Promise.all(
      [1, 2].map((n) => world.commonCache({ name: `apart${n}`, redis: { host, port } }, n)),
    );
    await setAll(caches);
    expect(new Set(await inMemory(caches, "one")).size).toBe(2);
  });
});
