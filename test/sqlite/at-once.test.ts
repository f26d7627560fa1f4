// The verbs for who cannot wait, on a SQLite file: it answers at once, so what they did is done.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { sqliteTier, type SqliteTierOptions } from "../../src/sqlite/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBare } from "./bare.ts";

forbidUnhandledRejections();

const undos: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
});

function newPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-sync-"));
  undos.push(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "cache.db");
}

async function open(path: string, options: CacheOptions & { alone?: boolean; sqlite?: SqliteTierOptions } = {}) {
  const { alone = false, sqlite, ...rest } = options;
  const file = sqliteTier({ path, timeout: 5_000, ...sqlite });
  const cache = new TieredCacheManager({ name: "shop", tiers: alone ? [file] : [memoryTier(), file], ...rest });
  undos.push(() => cache.close());
  // Until its codec is loaded, and the bus is live.
  await cache.set("first", 1);
  await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
  return cache;
}

describe.each([
  ["[memory, sqlite]", false],
  ["[sqlite]", true],
] as const)("%s", (_name, alone) => {
  test("setSync is done when it returns, for other processes too; so is deleteSync", async () => {
    const path = newPath();
    const [a, b] = [await open(path, { alone }), await open(path, { alone })];
    expect(a.setSync("k", { a: 1 }, { tags: ["t"], namespace: "n" })).toEqual({ authority: "done" });
    expect([a.getSync("k", { namespace: "n" }), b.getSync("k", { namespace: "n" })]).toEqual([{ a: 1 }, { a: 1 }]);
    expect(await b.get("k", { namespace: "n" })).toEqual({ a: 1 });
    expect(b.deleteSync("k", { namespace: "n" })).toEqual({ authority: "done", existed: true });
    expect(b.deleteSync("k", { namespace: "n" })).toEqual({ authority: "done", existed: false });
    expect(b.getSync("k", { namespace: "n" })).toBeUndefined();
    await waitUntil(() => a.getSync("k", { namespace: "n" }) === undefined, { what: "the other one has heard of it" });
  });

  test("getSync finds what the file holds from an earlier run, and promotes it", async () => {
    const path = newPath();
    const first = await open(path, { alone });
    first.setSync("k", new Date(0), { tags: ["t"] });
    await first.close();
    const second = await open(path, { alone });
    const tiers: string[] = [];
    second.on("hit", ({ tier }) => void tiers.push(tier));
    expect([second.getSync("k"), second.getSync("k")]).toEqual([new Date(0), new Date(0)]);
    expect(tiers).toEqual(alone ? ["sqlite", "sqlite"] : ["sqlite", "memory"]);
  });

  test("P3 it gives nothing that a tag, a namespace or everything has ended", async () => {
    const path = newPath();
    const [a, b] = [await open(path, { alone }), await open(path, { alone })];
    const ends = [() => b.invalidateTags(["t"]), () => b.clearNamespace("n"), () => b.clear()];
    for (const end of ends) {
      a.setSync("k", "v", { tags: ["t"], namespace: "n" });
      expect(b.getSync("k", { namespace: "n" })).toBe("v");
      await end();
      expect(b.getSync("k", { namespace: "n" })).toBeUndefined();
      await waitUntil(() => a.getSync("k", { namespace: "n" }) === undefined, {
        what: "the other one has heard of it",
      });
    }
  });

  test("a stale value is given as such, an expired one is not", async () => {
    const cache = await open(newPath(), { alone, ttl: 60_000, staleWhileRevalidate: 60_000 });
    const states: string[] = [];
    for (const type of ["hit", "stale"] as const) cache.on(type, () => void states.push(type));
    cache.setSync("fresh", "v");
    cache.setSync("stale", "v", { ttl: 0 });
    expect([cache.getSync("fresh"), cache.getSync("stale"), states]).toEqual(["v", "v", ["hit", "stale"]]);
    cache.setSync("brief", "v", { ttl: 30, staleWhileRevalidate: 30 });
    await waitUntil(() => cache.getSync("brief") === undefined, { what: "it has expired" });
  });

  test("P11 while another process holds the lock they are pending, and not lost", async () => {
    const path = newPath();
    const cache = await open(path, { alone, sqlite: { timeout: 5_000 } });
    cache.setSync("gone", "v");
    const other = openBare(path);
    other.exec("BEGIN IMMEDIATE");
    undos.push(() => other.close());
    const begunAt = performance.now();
    expect(cache.setSync("k", "v")).toEqual({ authority: "pending" });
    expect(cache.deleteSync("gone")).toMatchObject({ authority: "pending" });
    expect(performance.now() - begunAt).toBeLessThan(2_500);
    expect([cache.getSync("k"), cache.getSync("gone")]).toEqual([alone ? undefined : "v", undefined]);
    other.exec("ROLLBACK");
    await waitUntil(async () => (await cache.get("k")) === "v", { what: "it has been set" });
    await waitUntil(async () => (await cache.get("gone")) === undefined, { what: "it has gone" });
  });

  test("what is called in a row is done in that order, awaited or not", async () => {
    const cache = await open(newPath(), { alone });
    const setting = cache.set("k", "async");
    cache.setSync("k", "sync");
    const deleting = cache.delete("k");
    cache.setSync("k", "last");
    await Promise.all([setting, deleting]);
    await waitUntil(async () => (await cache.get("k")) === "last", { what: "the last one counts" });
    expect(cache.getSync("k")).toBe("last");
  });

  test("P3 what another process has set while a synchronous refresh ran stays, and what it has deleted stays away", async () => {
    const path = newPath();
    const [a, b] = [await open(path, { alone }), await open(path, { alone })];
    for (const [key, end, left] of [
      ["set", () => b.setSync("set", "newer"), "newer"],
      ["deleted", () => b.deleteSync("deleted"), undefined],
    ] as const) {
      expect(a.getSync(key, () => (end(), "older"))).toBe("older");
      await waitUntil(() => a.stats().refreshes.fenced > 0, { what: "it has been noticed" });
      a.resetStats();
      expect([await a.get(key), await b.get(key)]).toEqual([left, left]);
    }
  });

  test("P3 a synchronous refresh that word of other processes is lost over is not brought to them", async () => {
    const path = newPath();
    const [a, b] = [await open(path, { alone }), await open(path, { alone })];
    const refresh = (): string => {
      b.deleteSync("k");
      b.setSync("another", 1);
      const bare = openBare(path);
      // As if this process had slept for a minute.
      bare.exec("DELETE FROM log WHERE id < (SELECT max(id) FROM log)");
      bare.close();
      return "older";
    };
    expect(a.getSync("k", refresh)).toBe("older");
    await waitUntil(() => a.stats().refreshes.fenced > 0, { what: "it has been noticed" });
    expect([await a.get("k"), await b.get("k")]).toEqual([undefined, undefined]);
  });

  test("P3 the first synchronous refresh of a process is brought to others, unless they have ended it meanwhile", async () => {
    const path = newPath();
    const b = await open(path, { alone });
    const file = sqliteTier({ path });
    const first = new TieredCacheManager({ name: "shop", tiers: alone ? [file] : [memoryTier(), file] });
    expect(first.getSync("ended", () => (b.deleteSync("ended"), "older"))).toBe("older");
    expect(first.getSync("k", () => "made")).toBe("made");
    await first.close();
    expect([await b.get("ended"), await b.get("k")]).toEqual([undefined, "made"]);
  });

  test("getSync with a refresh asks the file first, and fills it", async () => {
    const path = newPath();
    const [a, b] = [await open(path, { alone }), await open(path, { alone })];
    let calls = 0;
    const refresh = (): number => ++calls;
    expect([a.getSync("k", refresh), a.getSync("k", refresh)]).toEqual(alone ? [1, 2] : [1, 1]);
    await waitUntil(() => b.getSync("k") !== undefined, { what: "the file has it" });
    const known = b.getSync("k");
    expect([a.getSync("k", refresh), b.getSync("k", refresh)]).toEqual([known, known]);
  });
});
