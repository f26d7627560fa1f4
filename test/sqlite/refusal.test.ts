// A disk that is full, and files that may not be written: answers, which fail nobody's read and open no breaker.

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type CacheEvent } from "../../src/index.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBare } from "./bare.ts";
import { cleanUp, newPath, openProcess } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const BYTES = Uint8Array.of(1, 2, 3);
const isRoot = process.getuid?.() === 0;

/** A folder on a disk of its own, of one megabyte; `undefined` where that cannot be made. */
function smallDisk(): { readonly folder: string; remove(): void } | undefined {
  const folder = join(dirname(newPath()), "disk");
  mkdirSync(folder);
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
  } catch {
    return undefined;
  }
  return { folder, remove: () => execFileSync("/bin/umount", ["-l", folder]) };
}

const canMount = ((): boolean => {
  const disk = smallDisk();
  disk?.remove();
  return disk !== undefined;
})();

/** As somebody whom permissions concern. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test("a database that may not grow refuses what is too much, and goes on with the rest", async () => {
  const database = openBare(":memory:");
  const { tier, authority, bus } = openProcess("shop", { database });
  await authority.now();
  database.exec("PRAGMA max_page_count = 60");
  const big = Buffer.alloc(300_000, 1);
  const results = await Promise.allSettled([
    tier.set("a", BYTES, 60_000),
    tier.set("big", big, 60_000),
    tier.set("b", BYTES, 60_000),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "refused", cause: { errcode: 13 } } });
  expect([await tier.get("b"), await tier.get("big"), bus.isLive]).toEqual([BYTES, undefined, false]);
});

test("a full database makes room by pushing out what has not been used for the longest", async () => {
  const database = openBare(":memory:");
  const { tier, authority } = openProcess("shop", { database, maxBytes: Infinity });
  await authority.now();
  database.exec("PRAGMA max_page_count = 300");
  const keys = Array.from({ length: 400 }, () => freshKey("shop"));
  for (const key of keys) await tier.set(key, Buffer.alloc(5_000, 1), 60_000);
  expect([await tier.get(keys[0] ?? ""), (await tier.get(keys.at(-1) ?? ""))?.length]).toEqual([undefined, 5_000]);
});

describe.runIf(canMount)("on a full disk", () => {
  test("the cache goes on with what it has, and with the file as soon as there is room", async () => {
    const disk = smallDisk();
    if (disk === undefined) throw new Error("it could be made a moment ago");
    try {
      const path = join(disk.folder, "cache.db");
      const cache = new TieredCacheManager({
        ttl: 60_000,
        tiers: [memoryTier(), sqliteTier({ path, maxBytes: 10e6, timeout: 5_000 })],
      });
      const events: CacheEvent[] = [];
      for (const type of ["tierError", "breaker"] as const) cache.on(type, (event) => events.push(event));
      await cache.set("before", "there");
      writeFileSync(join(disk.folder, "filler"), "");
      let filled = 0;
      try {
        for (; ; filled++) writeFileSync(join(disk.folder, "filler"), Buffer.alloc(4_096), { flag: "a" });
      } catch {
        expect(filled).toBeGreaterThan(0);
      }
      const big = "x".repeat(300_000);
      for (let set = 0; set < 10; set++) expect(await cache.get(`big ${set}`, () => big)).toBe(big);
      expect([await cache.get("before"), await cache.get("new", () => "loaded")]).toEqual(["there", "loaded"]);
      expect(events.some((event) => event.type === "tierError")).toBe(true);
      expect(events.filter(({ type }) => type === "breaker")).toEqual([]);
      rmSync(join(disk.folder, "filler"));
      await waitUntil(async () => (await cache.set("k", "v")).authority === "done", { what: "there is room" });
      await waitUntil(async () => (await cache.health()).status === "healthy", { what: "it is healthy" });
      await cache.close();
    } finally {
      disk.remove();
    }
  });
});

test("a file that may not be written is read; writes are refused, and are no reason to stop asking", async () => {
  const path = newPath();
  const writer = openProcess("shop", { path });
  await writer.tier.set("k", BYTES, 60_000);
  await writer.authority.epochs([{ kind: "root" }]);
  if (isRoot) chownSync(path, 65_534, 65_534);
  const reader = openBare(path);
  reader.exec("PRAGMA query_only = 1");
  const { tier, authority } = openProcess("shop", { database: reader });
  expect([await tier.get("k"), (await authority.read("k", [{ kind: "root" }])).frame]).toEqual([BYTES, BYTES]);
  await expect(tier.set("k", BYTES, 60_000)).rejects.toMatchObject({ code: "refused" });
  await expect(authority.bump({ kind: "root" }, false, Infinity)).rejects.toMatchObject({ code: "refused" });
  reader.close();
});

test("a folder in which nothing may be made: the cache goes on without, and says why", async () => {
  const path = newPath();
  chmodSync(dirname(path), 0o555);
  await asNobody(async () => {
    const cache = new TieredCacheManager({ tiers: [memoryTier(), sqliteTier({ path })] });
    expect(await cache.get("k", () => "own")).toBe("own");
    const { status, reasons } = await cache.health();
    expect([status, reasons[0]]).toEqual(["degraded", expect.stringMatching(/sqlite does not answer: .*open/)]);
    await cache.close();
  });
  chmodSync(dirname(path), 0o755);
});

test("a file without permission to write is no reason to crash, and is used again when it may be", async () => {
  const path = newPath();
  const before = openProcess("shop", { path });
  await before.tier.set("k", BYTES, 60_000);
  await before.close();
  if (isRoot) for (const at of [dirname(path), path]) chownSync(at, 65_534, 65_534);
  chmodSync(path, 0o444);
  await asNobody(async () => {
    const cache = new TieredCacheManager({ tiers: [memoryTier(), sqliteTier({ path, timeout: 50 })] });
    expect(await cache.get("k", () => "own")).toBe("own");
    expect(await cache.set("k", 1)).toEqual({ authority: "pending" });
    chmodSync(path, 0o644);
    await cache.close();
  });
});
