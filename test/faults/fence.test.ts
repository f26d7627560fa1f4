// Invalidations that come while a refresh runs, in the same process or in another: its result is never kept.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { timed } from "../support/timed.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { PeerCache } from "./peer.ts";
import { World } from "./world.ts";

const ROUNDS = 50;
const TAGGED = { tags: ["tag"] };

/** Ends keys one by one or all at once, and says what is to be read afterwards without a refresh. */
interface Ending {
  readonly end: (
    here: TieredCacheManager,
    keys: readonly string[],
  ) => Promise<readonly { readonly authority: string }[]>;
  readonly after: string | undefined;
}

const each = (
  end: (here: TieredCacheManager, key: string) => Promise<{ readonly authority: string }>,
): Ending["end"] => {
  return (here, keys) => Promise.all(keys.map((key) => end(here, key)));
};

const ENDINGS: Readonly<Record<string, Ending>> = {
  delete: { end: each((here, key) => here.delete(key)), after: undefined },
  set: { end: each((here, key) => here.set(key, "set")), after: "set" },
  markStale: { end: each((here, key) => here.markStale(key)), after: undefined },
  clearNamespace: { end: async (here) => [await here.clearNamespace()], after: undefined },
  clear: { end: async (here) => [await here.clear()], after: undefined },
};

/**
 * What the invalidator's next caller may wait for: the word to the other process, on a busy machine. A lease that is given
 * back by nobody lasts for longer: it is renewed when a third of its second has passed.
 */
const AT_ONCE_MS = 600;

describe("the fence", () => {
  const world = new World();
  const keys = Array.from({ length: ROUNDS }, (_, index) => `key ${index}`);

  async function openPair(): Promise<{ readonly here: TieredCacheManager; readonly there: PeerCache }> {
    const { host, port } = await world.server();
    const options = { name: world.newName(), redis: { host, port } };
    const here = await world.openLive(options);
    const there = await world.commonCache(options);
    for (const key of keys) {
      world.source.put(key, "old");
      world.source.hold(key);
    }
    return { here, there };
  }

  /** All loads have asked the source. Meanwhile the truth changes; then they go on. */
  async function whileLoading(loading: readonly Promise<unknown>[], meanwhile: () => Promise<void>): Promise<void> {
    // If the test fails before they end, that is not another failure.
    for (const one of loading) one.catch(() => undefined);
    const held = await Promise.all(keys.map((key) => world.source.nth(key, 1)));
    for (const key of keys) {
      world.source.put(key, "new");
      world.source.letPass(key);
    }
    await meanwhile();
    for (const { release } of held) release();
    await Promise.all(loading);
  }

  for (const [verb, { end, after }] of Object.entries(ENDINGS)) {
    for (const where of ["the same process", "another process"] as const) {
      test(`P3 ${verb} during a refresh in ${where}: its value is kept none of ${ROUNDS} times`, async () => {
        const { here, there } = await openPair();
        const load = (key: string): Promise<string> =>
          where === "the same process" ? world.load(here, key) : there.load(key);
        await whileLoading(keys.map(load), async () => {
          for (const { authority } of await end(here, keys)) expect(authority).toBe("done");
        });
        const kept = await Promise.all(keys.flatMap((key) => [here.get(key), there.get(key)]));
        expect(new Set(kept)).toEqual(new Set([after]));
      });

      test(`P3 who comes after ${verb} need not wait for a refresh in ${where} that began before`, async () => {
        const { here, there } = await openPair();
        const [key] = keys as [string];
        const before = where === "the same process" ? world.load(here, key) : there.load(key);
        before.catch(() => undefined);
        await world.source.nth(key, 1);
        world.source.put(key, "new");
        world.source.letPass(key);
        await end(here, [key]);
        let answer: string | undefined;
        void world.load(here, key).then((value) => (answer = value));
        const { tookMs } = await timed(() => waitUntil(() => answer, { what: `${key} is answered` }));
        expect(answer).toBe(after ?? "new");
        expect(tookMs).toBeLessThan(AT_ONCE_MS);
      });
    }
  }

  test("P3 invalidateTags during a refresh with the tag: its value is never kept", async () => {
    const { here, there } = await openPair();
    await whileLoading(
      keys.map((key) => world.load(here, key, TAGGED)),
      async () => expect(await here.invalidateTags(["tag"])).toEqual({ authority: "done" }),
    );
    const kept = await Promise.all(keys.flatMap((key) => [here.get(key), there.get(key)]));
    expect(new Set(kept)).toEqual(new Set([undefined]));
  });

  for (const where of ["the same process", "another process"] as const) {
    test(`P3 without an invalidation the value of a refresh in ${where} is kept each time: the control`, async () => {
      const { here, there } = await openPair();
      const load = (key: string): Promise<string> =>
        where === "the same process" ? world.load(here, key) : there.load(key);
      await whileLoading(keys.map(load), async () => undefined);
      const kept = await Promise.all(keys.flatMap((key) => [here.get(key), there.get(key)]));
      expect(new Set(kept)).toEqual(new Set(["old"]));
    });
  }
});
