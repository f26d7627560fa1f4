// Several processes, and threads, on one file act as one cache, without a server: the promises, on real processes.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile } from "./bare.ts";
import { CountingSource, endFleets, fleet, NAMES, startPeer, untilSees } from "./fleet.ts";
import { newPath } from "./open.ts";
import { sharedInstant, type Peer } from "./peer.ts";
import { removePrograms } from "./programs.ts";

forbidUnhandledRejections();
removePrograms();

const DONE = { authority: "done" };

endFleets();

test("P1 P2 a thousand callers on four processes cause one refresh", async () => {
  const { source, all } = await fleet(4);
  source.hold();
  const loading = all.map((peer) => peer.load("cold", 250));
  await waitUntil(() => source.calls.length > 0, { what: "it is being refreshed" });
  await Promise.all(all.map((peer) => peer.call("get", "nothing")));
  source.release();
  expect(await Promise.all(loading)).toEqual(all.map(() => ["v1"]));
  expect(source.calls.length).toBe(1);
});

test("P2 another process takes over when the one that refreshes is killed", async () => {
  const { source, all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  source.hold();
  ann.load("k").catch(() => undefined);
  await waitUntil(() => source.calls.length === 1, { what: "ann refreshes" });
  const taking = bob.load("k");
  await ann.kill();
  const killedAt = sharedInstant();
  await waitUntil(() => source.calls.length === 2, { what: "bob has taken over" });
  expect(sharedInstant() - killedAt).toBeLessThan(2_500);
  source.release();
  expect([await taking, source.calls[1]?.by]).toEqual([["v1"], "bob"]);
});

test.each(["delete", "set", "clear", "invalidateTags"] as const)(
  "P3 a refresh that %s on another process has overtaken does not put its value back",
  async (verb) => {
    const { source, all } = await fleet(3);
    const [ann, bob, cid] = all as [Peer, Peer, Peer];
    source.hold();
    const loading = ann.load("k", 1, ["t"]);
    await waitUntil(() => source.calls.length === 1, { what: "ann refreshes" });
    source.value = "v2";
    const args = { delete: ["k"], set: ["k", "v2"], clear: [], invalidateTags: [["t"]] }[verb];
    expect(await bob.call(verb, ...args)).toMatchObject(DONE);
    source.release();
    expect(await loading).toEqual(["v1"]);
    for (const peer of [bob, cid]) expect(await peer.load("k")).toEqual(["v2"]);
    await untilSees(ann, "k", "v2");
  },
);

test("P4 an old value is served by another process for no longer than a message takes", async () => {
  const { all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  for (let round = 0; round < 10; round++) {
    await ann.call("set", "k", `old ${round}`);
    await untilSees(bob, "k", `old ${round}`);
    await bob.ask({ what: "watch", key: "k", old: `old ${round}` });
    expect(await ann.call("delete", "k")).toMatchObject(DONE);
    const doneAt = sharedInstant();
    await waitUntil(async () => (await bob.call("get", "k")) === undefined, { what: "bob has heard" });
    const { reads, lastOldAt = 0, pauseMs } = await bob.watched();
    expect([reads > 0, lastOldAt - doneAt - pauseMs < 250]).toEqual([true, true]);
  }
});

test("P4 a process that was paused does not go by what it held", async () => {
  const { all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  await ann.call("set", "k", "old");
  await untilSees(bob, "k", "old");
  bob.signal("SIGSTOP");
  await ann.call("delete", "k");
  const pausedAt = sharedInstant();
  // Longer than what it is trusted for.
  await waitUntil(() => sharedInstant() - pausedAt > 1_100, { what: "trust has run out" });
  bob.signal("SIGCONT");
  expect(await bob.call("get", "k")).toBeUndefined();
});

test("P5 when all is quiet every process has what the file has", async () => {
  const { all } = await fleet(4);
  const keys = ["a", "b", "c"];
  await Promise.all(
    all.flatMap((peer, index) =>
      Array.from({ length: 30 }, (_, round) => peer.call("set", keys[round % 3] ?? "", `${index}.${round}`)),
    ),
  );
  for (const key of keys) {
    const held = async (): Promise<unknown[]> => Promise.all(all.map((peer) => peer.call("get", key)));
    await waitUntil(async () => new Set(await held()).size === 1, { what: "they agree" });
    expect(await held()).not.toContain(undefined);
  }
});

test("P6 a process whose clock is a quarter of an hour off behaves like the others", async () => {
  const { source, all } = await fleet(3, (index) => ({
    ttl: 3_000,
    ...(index === 0 ? {} : { clockOffsetMs: (index === 1 ? 1 : -1) * 900_000 }),
  }));
  for (const writer of all) {
    await writer.call("set", "k", writer.name);
    for (const peer of all) await untilSees(peer, "k", writer.name);
    await writer.call("delete", "k");
    for (const peer of all) await untilSees(peer, "k", undefined);
  }
  expect(await all[1]?.load("k")).toEqual(["v1"]);
  for (const peer of all) {
    expect(await peer.load("k")).toEqual(["v1"]);
    const ttl = (await peer.call("ttl", "k")) as number;
    expect([ttl > 0, ttl <= 3_000]).toEqual([true, true]);
  }
  expect(source.calls.length).toBe(1);
  await waitUntil(
    async () => (await Promise.all(all.map((peer) => peer.call("ttl", "k")))).every((ttl) => !((ttl as number) > 0)),
    { what: "it is over for all" },
  );
});

test("P7 a file that is removed costs misses, never an old value", async () => {
  const { path, source, all } = await fleet(3);
  const [ann, bob, cid] = all as [Peer, Peer, Peer];
  await ann.call("set", "k", "old");
  for (const peer of all) await untilSees(peer, "k", "old");
  await bob.call("delete", "k");
  for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
  for (const peer of all) await untilSees(peer, "k", undefined);
  source.value = "new";
  expect(await cid.load("k")).toEqual(["new"]);
  for (const peer of all)
    await waitUntil(async () => (await peer.load("k"))[0] === "new", { what: "all have the new one" });
  await waitUntil(
    async () =>
      (await Promise.all(all.map((peer) => peer.call("health")))).every(
        (health) => (health as { status: string }).status === "healthy",
      ),
    { what: "all are well" },
  );
  expect(await ann.call("set", "again", 1)).toMatchObject(DONE);
  await untilSees(bob, "again", 1);
});

test("a process that is killed in the middle of its writes leaves a file that is whole", async () => {
  const { path, all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  for (let round = 0; round < 3; round++) {
    const victim = await startPeer("victim", () => "");
    await victim.open({ name: "shop", sqlite: { path, timeout: 2_000 } });
    await victim.ask({ what: "flood", keys: 40 });
    await waitUntil(() => victim.isFlooding, { what: "it writes" });
    await victim.kill();
    expect(askFile(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    const [counted] = askFile(path, "SELECT entries, bytes FROM meta");
    expect(askFile(path, "SELECT count(*) AS entries, sum(bytes) AS bytes FROM entries")).toEqual([counted]);
    // A turn of the event loop is one transaction: all of its keys, or none.
    const values = await Promise.all(Array.from({ length: 40 }, (_, index) => ann.call("get", `flood${index}`)));
    expect(new Set(values).size).toBe(1);
    expect(await bob.call("set", "k", round)).toMatchObject(DONE);
    await untilSees(ann, "k", round);
  }
});

test("of processes that find a file damaged at the same time, one moves it aside, and none destroys the new one", async () => {
  const racers = await Promise.all(NAMES.map((name) => startPeer(name, () => "")));
  for (let round = 0; round < 6; round++) {
    const path = newPath();
    writeFileSync(path, "what was a database ".repeat(1_000));
    await Promise.all(racers.map((peer) => peer.open({ name: "shop", sqlite: { path, timeout: 2_000 } })));
    for (const peer of racers) {
      expect(await peer.call("set", "k", peer.name)).toMatchObject(DONE);
      for (const other of racers) await untilSees(other, "k", peer.name);
    }
    const names = readdirSync(dirname(path)).filter((name) => /[.]damaged-.*\d$/.test(name));
    expect([names.length, askFile(path, "PRAGMA integrity_check")]).toEqual([1, [{ integrity_check: "ok" }]]);
    await Promise.all(racers.map((peer) => peer.ask({ what: "close" })));
  }
});

test("P12 a process that closes its cache ends by itself, and one that does not ends too", async () => {
  const { all } = await fleet(2);
  const [ann, bob] = all as [Peer, Peer];
  await ann.call("set", "k", 1);
  await ann.ask({ what: "leave", closes: true });
  await bob.ask({ what: "leave", closes: false });
  expect([await ann.ended(), await bob.ended()]).toEqual([0, 0]);
});

test("threads of one process share a file as processes do", async () => {
  const path = newPath();
  const source = new CountingSource();
  const threads = await Promise.all(
    ["one", "two", "three"].map(async (name) => {
      const thread = await startPeer(name, source.load, "thread");
      return thread.open({ name: "shop", sqlite: { path, timeout: 2_000 } });
    }),
  );
  const [one, two] = threads as [Peer, Peer];
  source.hold();
  const loading = threads.map((thread) => thread.load("k", 20));
  await waitUntil(() => source.calls.length > 0, { what: "it is being refreshed" });
  await Promise.all(threads.map((thread) => thread.call("get", "nothing")));
  source.release();
  expect(await Promise.all(loading)).toEqual(threads.map(() => ["v1"]));
  expect(source.calls.length).toBe(1);
  await one.call("set", "k", "v2");
  for (const thread of threads) await untilSees(thread, "k", "v2");
  await two.call("clear");
  for (const thread of threads) await untilSees(thread, "k", undefined);
  await one.ask({ what: "leave", closes: true });
  expect(await one.ended()).toBe(0);
  expect(await two.call("set", "k", "v3")).toMatchObject(DONE);
});
