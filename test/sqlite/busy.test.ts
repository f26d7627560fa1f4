// Another process holds the lock of the file for long: reads go on, writes are given up in time, nothing stops.

import { expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { timed, watchPauses } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { endLocks, holdLock } from "./lock-holder.ts";
import { cleanUp, listen, newPath, openProcess } from "./open.ts";
import { removePrograms } from "./programs.ts";

forbidUnhandledRejections();
cleanUp();
endLocks();
removePrograms();

const BYTES = Uint8Array.of(1, 2, 3);

/** Longest pause of the event loop while `work` takes. */
async function longestPause(work: () => Promise<void>): Promise<number> {
  const pauses = watchPauses();
  await work().finally(pauses);
  return pauses();
}

test("a write is given up after the timeout, and the event loop never waits", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path, timeout: 2_000 });
  const key = freshKey("shop");
  await tier.set(key, BYTES, 60_000);
  const release = await holdLock(path);
  const begunAt = performance.now();
  const pause = await longestPause(async () => {
    const writes = Array.from({ length: 50 }, () => tier.set(freshKey("shop"), BYTES, 60_000));
    for (const { status, reason } of (await Promise.allSettled(writes)) as PromiseRejectedResult[]) {
      expect([status, reason]).toMatchObject([
        "rejected",
        { code: "unavailable", message: "sqlite was locked by another process for 2000 ms", cause: { errcode: 5 } },
      ]);
    }
  });
  const tookMs = performance.now() - begunAt;
  expect(tookMs).toBeGreaterThanOrEqual(1_999);
  expect(tookMs).toBeLessThan(6_000);
  expect(pause).toBeLessThan(1_500);
  await release();
  await tier.set(key, Uint8Array.of(9), 60_000);
  expect(await tier.get(key)).toEqual(Uint8Array.of(9));
});

test("reads go on meanwhile, but for what this process has still to write", async () => {
  const path = newPath();
  const { tier, authority } = openProcess("shop", { path, timeout: 10_000 });
  const [there, written] = [freshKey("shop"), freshKey("shop")];
  await tier.set(there, BYTES, 60_000);
  await authority.epochs([{ kind: "root" }]);
  const release = await holdLock(path);
  const order: string[] = [];
  const writing = tier.set(written, BYTES, 60_000).then(() => order.push("written"));
  const reading = tier.get(written).then((frame) => order.push(`read ${frame?.length}`));
  expect([await tier.get(there), (await authority.read(there, [{ kind: "root" }])).frame]).toEqual([BYTES, BYTES]);
  expect(order).toEqual([]);
  await release();
  await Promise.all([writing, reading]);
  expect(order).toEqual(["written", "read 3"]);
});

test("the bus stays live, and its probes say that writes are not answered", async () => {
  const path = newPath();
  const { bus, authority, tier } = openProcess("shop", { path, timeout: 50, divergenceLimit: 400 });
  const heard = await listen(bus);
  await waitUntil(() => bus.isLive, { what: "the bus is live" });
  await authority.now();
  const release = await holdLock(path);
  await expect(tier.set(freshKey("shop"), BYTES, 60_000)).rejects.toMatchObject({ code: "unavailable" });
  await waitUntil(() => heard.probes.at(-1) === false, { what: "a probe says so" });
  await release();
  await waitUntil(() => heard.probes.at(-1) === true, { what: "a probe says that it is over" });
  expect(heard.log).toEqual(["live"]);
});

test("P10 P11 a cache goes on: hits, misses and pending invalidations, done when the lock is free", async () => {
  const path = newPath();
  const open = (): TieredCacheManager =>
    new TieredCacheManager({ name: "shop", ttl: 60_000, tiers: [memoryTier(), sqliteTier({ path, timeout: 500 })] });
  const [cache, other] = [open(), open()];
  await waitUntil(async () => (await cache.health()).status === "healthy", { what: "it is healthy" });
  await cache.set("k", "old");
  expect(await other.get("k")).toBe("old");
  const release = await holdLock(path);
  const states: string[] = [];
  cache.on("breaker", ({ state }) => states.push(state));
  const missed: number[] = [];
  const pause = await longestPause(async () => {
    expect([cache.getSync("k"), await cache.delete("k")]).toEqual(["old", { authority: "pending", existed: true }]);
    for (let miss = 0; miss < 30; miss++) {
      const { value, tookMs } = await timed(() => cache.get(`new ${miss}`, () => "loaded"));
      expect(value).toBe("loaded");
      missed.push(tookMs);
    }
  });
  expect(Math.max(...missed)).toBeLessThan(1_000);
  expect([states[0], pause < 490]).toEqual(["open", true]);
  // Not believed although the file still has it.
  expect([await cache.get("k"), await cache.get("k", () => "new")]).toEqual([undefined, "new"]);
  await release();
  await waitUntil(async () => (await other.get("k")) === undefined, { what: "it is done" });
  await waitUntil(async () => (await cache.health()).status === "healthy", { what: "it is healthy again" });
  await Promise.all([cache.close(), other.close()]);
});

test("a process that is killed while it holds the lock leaves it free", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path });
  await tier.set("k", BYTES, 60_000);
  const kill = await holdLock(path);
  const writing = tier.set("k", Uint8Array.of(4), 60_000);
  await kill();
  await writing;
  expect(await tier.get("k")).toEqual(Uint8Array.of(4));
});
