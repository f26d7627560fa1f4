// The promises on a SQLite file, on real processes that are stopped and killed, under its lock and after it was damaged.

import { readdirSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { frameOf, freshKey, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile } from "./bare.ts";
import { endFleets, fleet, startPeer, untilSees } from "./fleet.ts";
import { endLocks, holdLock } from "./lock-holder.ts";
import { closeAll, newPath, openProcess } from "./open.ts";
import { sharedInstant, type Peer } from "./peer.ts";
import { removePrograms } from "./programs.ts";

forbidUnhandledRejections();
endFleets();
endLocks();
removePrograms();

const DONE = { authority: "done" };
const PENDING = { authority: "pending" };
/** A lease lasts for a second; who waits for it looks again after a quarter at most. */
const TAKEOVER_MS = 2_500;

interface Health {
  readonly status: string;
}

async function untilHealthy(peers: readonly Peer[]): Promise<void> {
  const areHealthy = async (): Promise<boolean> =>
    (await Promise.all(peers.map((peer) => peer.call("health")))).every((one) => (one as Health).status === "healthy");
  await waitUntil(areHealthy, { deadlineMs: 10_000, what: "all are well" });
}

test("P2 a holder that stalls loses the lease: its result is refused and the newer one stays", async () => {
  const { source, all } = await fleet(3);
  const [ann, bob, cid] = all as [Peer, Peer, Peer];
  source.hold();
  const late = ann.load("k");
  await waitUntil(() => source.calls.length === 1, { what: "ann refreshes" });
  const taking = bob.load("k");
  await bob.call("stats");
  ann.signal("SIGSTOP");
  const stalledAt = sharedInstant();
  source.value = "v2";
  await waitUntil(() => source.calls.length === 2, { what: "bob has taken over" });
  expect(sharedInstant() - stalledAt).toBeLessThan(TAKEOVER_MS);
  // The old value lies in the pipe when ann goes on.
  source.release();
  expect(await taking).toEqual(["v2"]);
  ann.signal("SIGCONT");
  await late;
  for (const peer of [ann, bob, cid]) expect(await peer.call("get", "k")).toBe("v2");
  expect(await ann.call("stats")).toMatchObject({ refreshes: { fenced: 1 } });
  expect(source.calls.length).toBe(2);
});

test("P2 a holder that does not stall stores its result: the control", async () => {
  const { source, all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  source.hold();
  const first = ann.load("k");
  await waitUntil(() => source.calls.length === 1, { what: "ann refreshes" });
  const second = bob.load("k");
  source.value = "v2";
  source.release();
  expect([await first, await second, source.calls.length]).toEqual([["v1"], ["v1"], 1]);
});

test("P4 what a process that is killed has been told is done, others hear all the same", async () => {
  const { all } = await fleet(3);
  const [ann, bob, cid] = all as [Peer, Peer, Peer];
  await ann.call("set", "k", "old");
  for (const peer of [bob, cid]) await untilSees(peer, "k", "old");
  await bob.ask({ what: "watch", key: "k", old: "old" });
  cid.signal("SIGSTOP");
  expect(await ann.call("delete", "k")).toMatchObject(DONE);
  const doneAt = sharedInstant();
  await ann.kill();
  await untilSees(bob, "k", undefined);
  const { reads, lastOldAt = 0, pauseMs } = await bob.watched();
  expect([reads > 0, lastOldAt - doneAt - pauseMs < 250]).toEqual([true, true]);
  cid.signal("SIGCONT");
  await untilSees(cid, "k", undefined);
});

test("P11 under a lock that is held for seconds what is called is pending, and then done everywhere", async () => {
  const { path, all } = await fleet(3, () => ({}), { timeout: 500 });
  const [ann, bob, cid] = all as [Peer, Peer, Peer];
  for (const key of ["deleted", "set", "tagged"]) await ann.call("set", key, "old", { tags: [key] });
  for (const key of ["deleted", "set", "tagged"]) for (const peer of all) await untilSees(peer, key, "old");
  const release = await holdLock(path);
  const heldAt = sharedInstant();
  expect(await ann.call("delete", "deleted")).toMatchObject(PENDING);
  expect(await ann.call("set", "set", "new")).toMatchObject(PENDING);
  expect(await bob.call("invalidateTags", ["tagged"])).toMatchObject(PENDING);
  // Who called sees the old value no more; the others do not know of it.
  await waitUntil(() => sharedInstant() - heldAt > 2_000, { what: "it has been held for two seconds" });
  expect(await ann.call("get", "deleted")).toBeUndefined();
  expect(await bob.call("get", "tagged")).toBeUndefined();
  expect(await cid.call("get", "deleted")).toBe("old");
  await release();
  for (const peer of all) for (const key of ["deleted", "tagged"]) await untilSees(peer, key, undefined);
  for (const peer of all) {
    const isOver = async (): Promise<boolean> => (await peer.call("get", "set")) !== "old";
    await waitUntil(isOver, { what: `${peer.name} does not see what was to be replaced` });
  }
  await untilHealthy(all);
});

test("P5 P11 a set that was pending never overwrites what came after it", async () => {
  const { path, all } = await fleet(3, () => ({}), { timeout: 500 });
  const [ann, bob, cid] = all as [Peer, Peer, Peer];
  // So that nothing but the set itself is still to be written.
  await ann.call("set", "k", "first");
  const release = await holdLock(path);
  expect(await ann.call("set", "k", "older")).toMatchObject(PENDING);
  ann.signal("SIGSTOP");
  await release();
  await waitUntil(async () => ((await bob.call("set", "k", "newer")) as typeof DONE).authority === "done", {
    what: "bob can write again",
  });
  await untilSees(cid, "k", "newer");
  await cid.ask({ what: "watch", key: "k", old: "older" });
  ann.signal("SIGCONT");
  await untilHealthy(all);
  // Ann is healthy when she has done it; the others have heard of it a message later.
  let held: unknown[] = [];
  const isSame = async (): Promise<boolean> => {
    held = await Promise.all(all.map((peer) => peer.call("get", "k")));
    return new Set(held).size === 1;
  };
  await waitUntil(isSame, { what: "all hold the same" });
  expect(held[0]).not.toBe("older");
  expect((await cid.watched()).lastOldAt).toBeUndefined();
});

test("P11 a write whose deadline passes while it waits for the lock is not done later", async () => {
  const path = newPath();
  const { authority } = openProcess("shop", { path });
  const key = freshKey("shop");
  const frame = frameOf(FRAME_LAYOUT, randomVersion());
  const deadline = (await authority.now()) + 100;
  const release = await holdLock(path);
  const writing = authority.set(key, frame, LONG, deadline);
  await waitUntil(async () => (await authority.now()) > deadline, { what: "the deadline has passed" });
  await release();
  expect([await writing, (await authority.read(key, [])).frame]).toEqual([{ kind: "late" }, undefined]);
  await closeAll();
});

test("P7 a log that was cut off, as a process finds that starts then, costs misses, never old values, and all go on with one new file", async () => {
  const { path, source, all } = await fleet(3);
  const [ann, bob] = all as [Peer, Peer];
  const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
  for (const key of keys) await ann.call("set", key, "old");
  // What is in the file itself is the old values; that they have ended is said by the log alone.
  askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  for (const key of keys) await bob.call("delete", key);
  truncateSync(`${path}-wal`, 0);
  // Who reads has all pages in his memory, and who writes would find other damage: only who comes anew finds that some are missing.
  const dee = await startPeer("dee", source.load);
  await dee.open({ name: "shop", sqlite: { path, timeout: 2_000, divergenceLimit: 1_000 } });
  source.value = "new";
  for (const key of keys) for (const peer of [dee, ...all]) expect(await peer.load(key)).toEqual(["new"]);
  await waitUntil(async () => ((await ann.call("set", "again", 1)) as typeof DONE).authority === "done", {
    what: "ann can write again",
  });
  await untilHealthy(all);
  for (const peer of all) await untilSees(peer, "again", 1);
  expect(askFile(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(readdirSync(dirname(path)).filter((name) => /[.]damaged-.*\d$/.test(name))).toHaveLength(1);
});

test("P12 a process whose invalidations are pending closes within its deadline, and ends by itself", async () => {
  const { path, all } = await fleet(2, () => ({}), { timeout: 500 });
  const [ann] = all as [Peer, Peer];
  await ann.call("set", "k", 1);
  await holdLock(path);
  expect(await ann.call("delete", "k")).toMatchObject(PENDING);
  ann.load("other").catch(() => undefined);
  await ann.ask({ what: "leave", closes: true });
  expect(await ann.ended()).toBe(0);
});
