// Sets of one turn of the event loop go to the file together; each keeps its place, its outcome and its caller.

import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { sqliteTier, type SqliteTierOptions } from "../../src/sqlite/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile, commitsOf } from "./bare.ts";
import { endLocks, holdLock } from "./lock-holder.ts";
import { newPath, removeFiles } from "./open.ts";
import { removePrograms } from "./programs.ts";

forbidUnhandledRejections();
endLocks();
removePrograms();

const DONE = { authority: "done" } as const;
const KEYS = Array.from({ length: 250 }, (_, index) => `key ${index}`);

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
  removeFiles();
});

interface OpenOptions extends CacheOptions {
  readonly alone?: boolean;
  readonly sqlite?: Omit<SqliteTierOptions, "path">;
}

async function openOn(path: string, { alone = false, sqlite, ...rest }: OpenOptions = {}) {
  const file = sqliteTier({ path, timeout: 5_000, ...sqlite });
  const cache = new TieredCacheManager({ name: "shop", tiers: alone ? [file] : [memoryTier(), file], ...rest });
  open.push(cache);
  await waitUntil(() => cache.stats().bus?.live === true, { what: "the bus is live" });
  // Its epochs are known from now on, which is what sets that go together need.
  await cache.set("first", 1);
  return cache;
}

/** What another process sees, as soon as it has heard. */
async function eventually(see: () => Promise<unknown>, seen: unknown): Promise<void> {
  await waitUntil(async () => isDeepStrictEqual(await see(), seen), { what: `it is ${JSON.stringify(seen)}` });
}

describe.each([
  ["[memory, sqlite]", false],
  ["[sqlite]", true],
] as const)("%s", (_name, alone) => {
  test("sets of one turn are one transaction, in which each key has its own value", async () => {
    const path = newPath();
    const [a, b] = [await openOn(path, { alone }), await openOn(path, { alone })];
    const commits = commitsOf(path);
    const results = await Promise.all(KEYS.map((key, index) => a.set(key, { index })));
    expect([results.every(({ authority }) => authority === "done"), commits()]).toEqual([true, 1]);
    expect(await b.getMany(KEYS)).toEqual(KEYS.map((_, index) => ({ index })));
    expect(await a.getMany(KEYS)).toEqual(KEYS.map((_, index) => ({ index })));
    expect(await a.setMany(KEYS.map((key) => [key, "many"] as const))).toEqual(DONE);
    await eventually(
      () => b.getMany(KEYS),
      KEYS.map(() => "many"),
    );
    expect(askFile(path, "SELECT max(id) - sum(messages) AS gap FROM log")).toEqual([{ gap: 0 }]);
  });

  test("what is called for a key in a row is done in that order, whatever it is", async () => {
    const path = newPath();
    const [a, b] = [await openOn(path, { alone }), await openOn(path, { alone })];
    const [, , , seen] = await Promise.all([a.set("k", 1), a.delete("k"), a.set("k", 2), a.get("k")]);
    expect(seen).toBe(2);
    await eventually(() => b.get("k"), 2);
    await Promise.all([a.set("k", 3), a.set("k", 4), a.delete("k")]);
    expect(await a.get("k")).toBeUndefined();
    await eventually(() => b.get("k"), undefined);
    await Promise.all([a.set("k", 5), a.set("k", 6)]);
    expect(await a.get("k")).toBe(6);
    await eventually(() => b.get("k"), 6);
    const setting = a.set("k", 7);
    expect([a.getSync("k") ?? 7, a.setSync("k", 8)]).toEqual([alone ? 7 : 6, DONE]);
    await setting;
    expect(await a.get("k")).toBe(8);
    await eventually(() => b.get("k"), 8);
    await Promise.all([a.set("k", 9), a.markStale("k")]);
    await eventually(() => b.ttl("k"), 0);
    await a.setMany([
      ["k", 10],
      ["k", 11],
    ]);
    await eventually(() => b.get("k"), 11);
    expect(await a.get("k")).toBe(11);
  });

  test("P3 what is invalidated in the same turn stays invalidated, and what is set after that stays", async () => {
    const path = newPath();
    const [a, b] = [await openOn(path, { alone }), await openOn(path, { alone })];
    await a.set("tagged", 0, { tags: ["t"] });
    await Promise.all([a.set("x", 1), a.set("tagged", 1, { tags: ["t"] }), a.invalidateTags(["t"])]);
    expect([await a.get("x"), await a.get("tagged")]).toEqual([1, undefined]);
    await eventually(() => b.getMany(["x", "tagged"]), [1, undefined]);
    await Promise.all([a.set("x", 2), a.clear(), a.set("y", 2), a.set("tagged", 2, { tags: ["t"] })]);
    expect(await a.getMany(["x", "y", "tagged"])).toEqual([undefined, 2, 2]);
    await eventually(() => b.getMany(["x", "y", "tagged"]), [undefined, 2, 2]);
  });

  test("one that has to wait, or may not be kept, keeps its place and its outcome", async () => {
    const path = newPath();
    const [a, b] = [await openOn(path, { alone }), await openOn(path, { alone })];
    const ttl = (value: number): number => (value < 0 ? 0 : 60_000);
    const options = { ttl, staleWhileRevalidate: 0 };
    await a.set("k", 1);
    expect(await Promise.all([a.set("j", 2), a.set("k", -1, options), a.set("i", 2, { namespace: "new" })])).toEqual([
      DONE,
      DONE,
      DONE,
    ]);
    await eventually(() => b.getMany(["j", "k"]), [2, undefined]);
    expect(await b.get("i", { namespace: "new" })).toBe(2);
    // The first of them ends what is there, which takes longer.
    const twice = [
      ["k", -1],
      ["j", 3],
      ["k", 4],
    ] as const;
    expect(await a.setMany(twice, options)).toEqual(DONE);
    expect(await a.get("k")).toBe(4);
    await eventually(() => b.get("k"), 4);
  });

  test("P12 a cache that is closed in the same turn has done what it was told", async () => {
    const path = newPath();
    const [a, b] = [await openOn(path, { alone }), await openOn(path, { alone })];
    // From a microtask: what is due at the end of the turn comes later than that.
    await Promise.resolve();
    const setting = Promise.all(KEYS.slice(0, 20).map((key) => a.set(key, key)));
    await Promise.all([a.close(), setting]);
    expect((await setting).every(({ authority }) => authority === "done")).toBe(true);
    expect(await b.getMany(KEYS.slice(0, 20))).toEqual(KEYS.slice(0, 20));
  });

  test("P11 behind a lock all are pending, none comes later, and the next that can ends what they were for", async () => {
    const path = newPath();
    const [a, b] = [
      await openOn(path, { alone, sqlite: { timeout: 500, breaker: false } }),
      await openOn(path, { alone }),
    ];
    await a.setMany(KEYS.slice(0, 20).map((key) => [key, "old"] as const));
    const release = await holdLock(path);
    const errors: unknown[] = [];
    a.on("tierError", ({ operation }) => void errors.push(operation));
    const results = await Promise.all(KEYS.slice(0, 20).map((key) => a.set(key, "new")));
    expect([results.every(({ authority }) => authority === "pending"), errors]).toEqual([true, ["set"]]);
    await release();
    await waitUntil(async () => (await b.getMany(KEYS.slice(0, 20))).every((value) => value === undefined), {
      what: "what was pending is done again, as deletes",
    });
    await waitUntil(async () => (await a.health()).status === "healthy", { what: "it is healthy again" });
    expect(await a.set("key 0", "last")).toEqual(DONE);
    await waitUntil(async () => (await b.get("key 0")) === "last", { what: "it is set" });
  });
});

test("a flight that waits for the lease of another process gets what is set meanwhile", async () => {
  const path = newPath();
  const [a, b] = [await openOn(path, { alone: true }), await openOn(path, { alone: true })];
  let finish!: (value: string) => void;
  const loading = b.get("k", () => new Promise<string>((resolve) => (finish = resolve)));
  await waitUntil(() => finish !== undefined, { what: "b has the lease" });
  const waiting = a.get("k", () => "not called");
  await a.set("k", "set");
  expect(await a.get("k", () => "not called either")).toBe("set");
  finish("loaded");
  expect(await loading).toBe("loaded");
  expect(["set", "not called"]).toContain(await waiting);
  expect([await a.get("k"), await b.get("k")]).toEqual(["set", "set"]);
});

test("what others do between its sets a process hears of, and nothing is lost by that", async () => {
  const path = newPath();
  const [a, b] = [await openOn(path), await openOn(path)];
  const doubts: string[] = [];
  for (const cache of [a, b]) cache.on("busLost", ({ reason }) => void doubts.push(reason));
  for (let round = 0; round < 20; round++) {
    const [mine, theirs] = [KEYS.slice(0, 12), KEYS.slice(12, 24)];
    await Promise.all([
      ...mine.map((key) => a.set(key, `a ${round}`)),
      ...theirs.map((key) => b.set(key, `b ${round}`)),
      round % 3 === 0 ? a.delete("first") : b.delete("first"),
    ]);
    await waitUntil(
      async () => {
        const [here, there] = await Promise.all([a.getMany(theirs), b.getMany(mine)]);
        return here.every((value) => value === `b ${round}`) && there.every((value) => value === `a ${round}`);
      },
      { what: "both have what the other one has set" },
    );
  }
  expect(doubts).toEqual([]);
});
