// Bounds: what is too much goes, least recently used first; what has ended is removed; space is given back. In small steps.

import { statSync } from "node:fs";
import { expect, test } from "vitest";
import type { SqliteTierOptions } from "../../src/sqlite/index.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile, commitsOf } from "./bare.ts";
import { cleanUp, listen, newPath, openProcess, type SqliteProcess } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const frame = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(1);

interface Counts {
  readonly entries: number;
  readonly bytes: number;
}

/** What the file counts, and what is really there. */
function counts(path: string): { readonly counted: Counts; readonly real: Counts } {
  const [counted] = askFile(path, "SELECT entries, bytes FROM meta");
  const [real] = askFile(path, "SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM entries");
  return { counted: counted as unknown as Counts, real: real as unknown as Counts };
}

async function fill({ tier }: SqliteProcess, count: number, bytes: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index++) await tier.set(`k${index}`, frame(bytes), 60_000);
}

test.each<[string, SqliteTierOptions]>([
  ["maxEntries", { maxEntries: 50 }],
  ["maxBytes", { maxBytes: 50 * 1_103 }],
])("%s holds after every write; what was written first goes first", async (_name, bound) => {
  const path = newPath();
  const process = openProcess("shop", { path, ...bound });
  for (let index = 0; index < 120; index++) {
    await process.tier.set(`k${index}`, frame(1_000), 60_000);
    const { counted, real } = counts(path);
    expect(counted).toEqual(real);
    expect(real.entries).toBeLessThanOrEqual(50);
  }
  expect(await process.tier.get("k0")).toBeUndefined();
  expect((await process.tier.get("k119"))?.length).toBe(1_000);
  expect(counts(path).real.entries).toBeGreaterThan(30);
});

test("a burst beyond the bound is brought back in steps", async () => {
  const path = newPath();
  const process = openProcess("shop", { path, maxEntries: 100 });
  await Promise.all(Array.from({ length: 6_000 }, (_, index) => process.tier.set(`k${index}`, frame(10), 60_000)));
  await waitUntil(() => counts(path).real.entries <= 100, { what: "it is within bounds" });
  expect(counts(path).counted).toEqual(counts(path).real);
});

test("what has been read is kept longer than what has not", async () => {
  const path = newPath();
  const process = openProcess("shop", { path, maxEntries: 20 });
  await fill(process, 20, 100);
  // As if they had been written a minute ago: use is noted coarsely.
  askFile(path, "UPDATE entries SET used_at = used_at - 60000");
  for (const key of ["k0", "k1", "k2"]) await process.tier.get(key);
  await fill(process, 15, 100, 20);
  const kept = await Promise.all(["k0", "k1", "k2", "k3", "k4"].map((key) => process.tier.get(key)));
  expect(kept.map((found) => found?.length)).toEqual([100, 100, 100, undefined, undefined]);
});

test("what has been written again is kept longer than what has not", async () => {
  const path = newPath();
  const process = openProcess("shop", { path, maxEntries: 20 });
  await fill(process, 20, 100);
  askFile(path, "UPDATE entries SET used_at = used_at - 60000, filed_use = filed_use - 60000");
  for (const key of ["k0", "k1", "k2"]) await process.tier.set(key, frame(50), 60_000);
  await fill(process, 15, 100, 20);
  const kept = await Promise.all(["k0", "k1", "k2", "k3", "k4"].map((key) => process.tier.get(key)));
  expect(kept.map((found) => found?.length)).toEqual([50, 50, 50, undefined, undefined]);
});

test("where everything is used all the time, something goes all the same", async () => {
  const path = newPath();
  const process = openProcess("shop", { path, maxEntries: 2_000 });
  await Promise.all(Array.from({ length: 2_000 }, (_, index) => process.tier.set(`k${index}`, frame(1), 60_000)));
  askFile(path, "UPDATE entries SET filed_use = filed_use - 60000");
  await fill(process, 10, 1, 2_000);
  expect(counts(path).counted).toEqual(counts(path).real);
  expect(counts(path).real.entries).toBe(2_000);
  expect((await process.tier.get("k2009"))?.length).toBe(1);
});

test("entries that live longer since they were written again are not removed with their first end, and are looked at once", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path });
  const keys = Array.from({ length: 250 }, (_, index) => `k${index}`);
  await Promise.all(keys.map((key) => tier.set(key, frame(10), 1)));
  await Promise.all(keys.map((key) => tier.set(key, frame(20), 60_000)));
  await tier.set("brief", frame(10), 1);
  await waitUntil(() => counts(path).real.entries <= 250, { what: "what has ended is removed" });
  const late = (): unknown => askFile(path, "SELECT count(*) AS n FROM entries WHERE filed_end < ends_at")[0]?.["n"];
  await waitUntil(() => late() === 0, { what: "all are filed by their new end" });
  expect(counts(path).real.entries).toBe(250);
});

test("one that lives shorter is removed with its new end", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path });
  await tier.set("k", frame(10), 60_000);
  await tier.set("k", frame(20), 1);
  await waitUntil(() => counts(path).real.entries === 0, { what: "it is removed" });
  expect(counts(path).counted).toEqual(counts(path).real);
});

test("a read costs no write while nothing is to be noted", async () => {
  const path = newPath();
  const process = openProcess("shop", { path });
  await fill(process, 5, 100);
  const commits = commitsOf(path);
  for (let read = 0; read < 100; read++) await process.tier.get(`k${read % 5}`);
  expect(commits()).toBe(0);
});

test("what is larger than all that may be held is not held, and ends what was there", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path, maxBytes: 10_000 });
  await tier.set("small", frame(100), 60_000);
  await tier.set("k", frame(100), 60_000);
  await tier.set("k", frame(20_000), 60_000);
  expect([await tier.get("k"), (await tier.get("small"))?.length]).toEqual([undefined, 100]);
});

test("what is just about larger than all that may be held pushes nothing else out", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path, maxBytes: 10_000 });
  await tier.set("small", frame(100), 60_000);
  await tier.set("k", frame(9_950), 60_000);
  expect([await tier.get("k"), (await tier.get("small"))?.length]).toEqual([undefined, 100]);
});

test("where only some large entries have room, as many go as have to, and never the one that has come", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path, maxBytes: 100_000 });
  const kept: unknown[] = [];
  for (let index = 0; index < 25; index++) {
    await tier.set(`k${index}`, frame(9_000), 60_000);
    kept.push([(await tier.get(`k${index}`))?.length, counts(path).real.entries >= Math.min(index + 1, 8)]);
    expect(counts(path).real.bytes).toBeLessThanOrEqual(100_000);
  }
  expect(kept).toEqual(kept.map(() => [9_000, true]));
});

test("entries that have ended are removed in the background, a step at a time", async () => {
  const path = newPath();
  const { tier } = openProcess("shop", { path });
  await Promise.all(Array.from({ length: 450 }, (_, index) => tier.set(`k${index}`, frame(10), 1)));
  await tier.set("lasting", frame(10), 60_000);
  await waitUntil(() => counts(path).real.entries === 1, { what: "they are removed" });
  expect(counts(path).counted).toEqual(counts(path).real);
});

test("cleanupOnStart removes them as soon as the file is opened", async () => {
  const path = newPath();
  const before = openProcess("shop", { path });
  await Promise.all(Array.from({ length: 250 }, (_, index) => before.tier.set(`k${index}`, frame(10), 1)));
  await before.close();
  const { tookMs } = await timed(() => {
    openProcess("shop", { path, cleanupOnStart: true });
    return waitUntil(() => counts(path).real.entries === 0, { what: "they are removed" });
  });
  expect(tookMs).toBeLessThan(900);
});

test("space that has become free is given back to the system", async () => {
  const path = newPath();
  const process = openProcess("shop", { path, vacuumInterval: 100, maxEntries: 1_000 });
  await fill(process, 400, 5_000);
  askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  const full = statSync(path).size;
  for (let index = 0; index < 400; index++) await process.tier.delete(`k${index}`);
  await waitUntil(
    () => {
      askFile(path, "PRAGMA wal_checkpoint(PASSIVE)");
      return statSync(path).size < full / 4;
    },
    { what: "the file is smaller" },
  );
  expect(askFile(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test("several processes count together", async () => {
  const path = newPath();
  const processes = [0, 1, 2].map(() => openProcess("shop", { path, maxEntries: 60 }));
  await Promise.all(processes.map((process, index) => fill(process, 60, 50, index * 40)));
  await processes[0]?.tier.delete("k100");
  expect(counts(path).counted).toEqual(counts(path).real);
  expect(counts(path).real.entries).toBeLessThanOrEqual(60);
});

test("leases that have run out, and messages that everybody has had time to read, are removed", async () => {
  const path = newPath();
  const { authority, bus } = openProcess("shop", { path });
  await listen(bus);
  await authority.acquire("k", "mine", undefined, 1);
  for (let index = 0; index < 20; index++) await authority.bump({ kind: "root" }, false, Infinity);
  askFile(path, "UPDATE log SET at = at - 120000");
  await waitUntil(() => Number(askFile(path, "SELECT count(*) AS n FROM log")[0]?.["n"]) === 1, {
    what: "only the last message is left",
  });
  await waitUntil(() => Number(askFile(path, "SELECT count(*) AS n FROM leases")[0]?.["n"]) === 0, {
    what: "no lease is left",
  });
  expect(bus.isLive).toBe(true);
});

test("of tags and namespaces those that were made first are forgotten, if they are too many, and the rest stays", async () => {
  const path = newPath();
  const { authority } = openProcess("shop", { path });
  const all = { kind: "root" } as const;
  const unnamed = { kind: "namespace", name: undefined } as const;
  const kept = [all, unnamed];
  const before = await authority.epochs(kept);
  askFile(
    path,
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100050)
     INSERT INTO epochs (name, kind, hard, soft, since) SELECT 'shop:n:{' || n || '}', 'namespace', 'a', 'a', 0 FROM numbers`,
  );
  const tag = { kind: "tag", name: "t" } as const;
  const minted = await authority.epochs([tag]);
  await waitUntil(() => Number(askFile(path, "SELECT count(*) AS n FROM epochs")[0]?.["n"]) <= 100_000, {
    what: "there are no more than may be",
  });
  expect([await authority.epochs(kept), await authority.epochs([tag])]).toEqual([before, minted]);
});

test("after the host was started anew nothing that the file holds is believed, and it is swept out", async () => {
  const path = newPath();
  const before = openProcess("shop", { path });
  await Promise.all(Array.from({ length: 250 }, (_, index) => before.tier.set(`k${index}`, frame(10), 600_000)));
  const [epoch] = await before.authority.epochs([{ kind: "root" }]);
  const identity = await before.authority.identity();
  await before.close();
  askFile(path, "UPDATE meta SET boot = 'another run of the host', offset_ms = offset_ms - 1e9");
  const after = openProcess("shop", { path });
  expect((await after.authority.epochs([{ kind: "root" }]))[0]?.hard).not.toBe(epoch?.hard);
  expect(await after.authority.identity()).not.toBe(identity);
  expect(Math.abs((await after.authority.now()) - Date.now())).toBeLessThan(1_000);
  await waitUntil(() => counts(path).real.entries === 0, { what: "it is swept out" });
  await after.tier.set("new", frame(3), 60_000);
  expect((await after.tier.get("new"))?.length).toBe(3);
});

test("what is set after the host was started anew is not swept out with what the file held", async () => {
  const path = newPath();
  const before = openProcess("shop", { path });
  await Promise.all(Array.from({ length: 250 }, (_, index) => before.tier.set(`k${index}`, frame(10), 600_000)));
  await before.close();
  askFile(path, "UPDATE meta SET boot = 'another run of the host'");
  const { tier } = openProcess("shop", { path });
  // Whose id is the highest: the next new key is given that.
  await tier.delete("k249");
  for (const key of ["new", "k5", "k120", "newer"]) await tier.set(key, frame(20), 600_000);
  await waitUntil(() => askFile(path, "SELECT garbage_to FROM meta")[0]?.["garbage_to"] === 0, {
    what: "it is swept out",
  });
  expect(askFile(path, "SELECT key FROM entries ORDER BY key").map(({ key }) => key)).toEqual([
    "k120",
    "k5",
    "new",
    "newer",
  ]);
  expect(counts(path).counted).toEqual(counts(path).real);
});

test("the authority's clock follows one on the wall that has gone ahead, for all processes, and never goes back", async () => {
  const path = newPath();
  const [one, two] = [openProcess("shop", { path }), openProcess("shop", { path })];
  const [before, first, after] = [Date.now(), await one.authority.now(), Date.now()];
  expect(first).toBeGreaterThan(before - 100);
  expect(first).toBeLessThan(after + 100);
  askFile(path, "UPDATE meta SET offset_ms = offset_ms - 5000");
  await one.tier.set("k", frame(1), 60_000);
  expect(await one.authority.now()).toBeLessThan(Date.now() - 4_000);
  await waitUntil(async () => Math.abs((await one.authority.now()) - Date.now()) < 1_100, { what: "it has caught up" });
  askFile(path, "UPDATE meta SET offset_ms = offset_ms + 60000");
  for (const { tier, authority } of [one, two]) {
    await tier.set("k", frame(1), 60_000);
    expect(await authority.now()).toBeGreaterThan(Date.now() + 50_000);
  }
  await two.tier.set("k", frame(1), 60_000);
  expect(await two.authority.now()).toBeGreaterThan(Date.now() + 50_000);
});
