// The file: made, upgraded, found damaged, lost and replaced. Never old data, never a crash, and never another's file touched.

import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { frameOf, freshKey, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../src/sqlite/schema.ts";
import { loadDriver, type SqliteDatabase, type SqliteDriver } from "../../src/sqlite/driver.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { NO_SUSPICION, openDatabase } from "../../src/sqlite/open-file.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile, openBare } from "./bare.ts";
import { cleanUp, closeAll, listen, newPath, openProcess, type SqliteProcess } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const HAS_OWN_SQLITE = process.getBuiltinModule("node:sqlite") !== undefined;
const BYTES = Uint8Array.of(1, 2, 3);

/** What lies beside a path because it was moved aside, without its random ends. */
const aside = (path: string): string[] =>
  readdirSync(dirname(path))
    .filter((name) => /[.](older|damaged)-.*\d$/.test(name))
    .map((name) => name.replace(/-\d{8}T\d{6}Z-\d+/, "-WHEN"))
    .toSorted();

/** Opens it until it works: what is away is tried again. */
async function untilOpen(process: SqliteProcess): Promise<string | undefined> {
  return waitUntil(() => process.authority.identity(), { what: "the file is open" });
}

/** A file with one entry, closed again. */
async function madeFile(): Promise<{ readonly path: string; readonly key: string; readonly identity: unknown }> {
  const path = newPath();
  const { tier, authority } = openProcess("shop", { path });
  const key = freshKey("shop");
  await tier.set(key, BYTES, 60_000);
  const identity = await authority.identity();
  await closeAll();
  // Where a closed connection is not over until its statements have been collected, the log stays.
  askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  return { path, key, identity };
}

test("makes the file and its directory, and marks it as ours", async () => {
  const path = newPath("deep/er/cache.db");
  await openProcess("shop", { path }).authority.now();
  expect(askFile(path, "PRAGMA application_id")).toEqual([{ application_id: APPLICATION_ID }]);
  expect(askFile(path, "PRAGMA user_version")).toEqual([{ user_version: SCHEMA_VERSION }]);
  expect(askFile(path, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
});

test("an entry survives that all close the file, and so does who the authority is", async () => {
  const { path, key, identity } = await madeFile();
  const { tier, authority } = openProcess("shop", { path });
  expect([await tier.get(key), await authority.identity()]).toEqual([BYTES, identity]);
});

test("a file of an older schema is moved aside, and made anew", async () => {
  const { path, key, identity } = await madeFile();
  askFile(path, "PRAGMA user_version = 0");
  const { tier, authority } = openProcess("shop", { path });
  expect(await untilOpen(openProcess("shop", { path }))).not.toBe(identity);
  expect([await tier.get(key), aside(path)]).toEqual([undefined, ["cache.db.older-WHEN"]]);
  await tier.set(key, BYTES, 60_000);
  expect([await tier.get(key), await authority.identity()]).not.toContain(identity);
});

test("a file of a newer schema, and another program's database, are left as they are", async () => {
  for (const harm of ["PRAGMA user_version = 99", "PRAGMA application_id = 7"]) {
    const { path } = await madeFile();
    askFile(path, harm);
    // Or a connection that is collected later does it, in the middle of this.
    askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)");
    const before = readFileSync(path);
    const { authority, tier, problem } = openProcess("shop", { path });
    await expect(tier.get("k")).rejects.toMatchObject({ code: "unavailable" });
    await expect(authority.bump({ kind: "root" }, false, Infinity)).rejects.toMatchObject({ code: "unavailable" });
    expect(String(problem())).toMatch(
      /made by a newer release of freshtier: this one knows 3, the file has 99|another program/,
    );
    await closeAll();
    expect([readFileSync(path).equals(before), aside(path)]).toEqual([true, []]);
  }
});

test.each<[string, (path: string) => void]>([
  ["is no database", (path) => writeFileSync(path, "what a program wrote here by mistake ".repeat(300))],
  [
    "has a damaged header",
    (path) => writeFileSync(path, Buffer.concat([Buffer.alloc(100, 7), readFileSync(path).subarray(100)])),
  ],
  ["has lost its tables", (path) => writeFileSync(path, readFileSync(path).fill(0xff, 4_096))],
  ["was cut off", (path) => writeFileSync(path, readFileSync(path).subarray(0, 5_000))],
])("a file that %s is moved aside, and made anew", async (_what, harm) => {
  const { path, key, identity } = await madeFile();
  harm(path);
  const process = openProcess("shop", { path });
  const { tier } = process;
  const found = await waitUntil(async () => [await tier.get(key)], { what: "reads work again" });
  expect([found, await untilOpen(process)]).toEqual([[undefined], expect.not.stringMatching(String(identity))]);
  await tier.set(key, BYTES, 60_000);
  expect([await tier.get(key), aside(path)]).toEqual([BYTES, ["cache.db.damaged-WHEN"]]);
});

test("an empty file is a new one", async () => {
  const path = newPath();
  writeFileSync(path, "");
  const { tier } = openProcess("shop", { path });
  await tier.set("k", BYTES, 60_000);
  expect([await tier.get("k"), aside(path)]).toEqual([BYTES, []]);
});

test("damage that is found later ends in a new file: doubt, a reconnect, then live", async () => {
  const path = newPath();
  const process = openProcess("shop", { path });
  const heard = await listen(process.bus);
  const keys = Array.from({ length: 200 }, () => freshKey("shop"));
  await Promise.all(keys.map((key) => process.tier.set(key, Buffer.alloc(3_000, 1), 60_000)));
  const before = await process.authority.identity();
  await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
  // As a failing disk would: pages are there, and say nothing.
  const pages = readFileSync(path);
  askFile(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  writeFileSync(path, readFileSync(path).fill(0x55, 3 * 4_096), { flag: "r+" });
  expect(pages.length).toBeGreaterThan(0);
  const errors: unknown[] = [];
  await waitUntil(
    async () => {
      for (const key of keys) await process.tier.get(key).catch((error: unknown) => errors.push(error));
      await process.tier
        .set(keys[0] ?? "", Buffer.alloc(3_000, 2), 60_000)
        .catch((error: unknown) => errors.push(error));
      return process.reconnects.length > 0;
    },
    { what: "the damage is found" },
  );
  expect(errors[0]).toMatchObject({ code: "unavailable" });
  await waitUntil(() => process.bus.isLive, { what: "the bus is live again" });
  expect(heard.log.filter((entry) => typeof entry === "string")).toEqual([
    "live",
    "doubt: the file is damaged",
    "live",
  ]);
  expect([(await untilOpen(process)) === before, aside(path)[0]]).toEqual([false, "cache.db.damaged-WHEN"]);
  await process.tier.set("k", BYTES, 60_000);
  expect(await process.tier.get("k")).toEqual(BYTES);
});

test("of several that find the same damage, one moves the file aside, and all go on with the same new one", async () => {
  const { path } = await madeFile();
  const processes = Array.from({ length: 4 }, () => openProcess("shop", { path }));
  for (const { bus } of processes) await listen(bus);
  await Promise.all(processes.map(untilOpen));
  const database = openBare(path);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  writeFileSync(path, readFileSync(path).fill(0x55), { flag: "r+" });
  await waitUntil(
    async () => {
      for (const { tier } of processes) await tier.set(freshKey("shop"), BYTES, 60_000).catch(() => undefined);
      return processes.every(({ reconnects }) => reconnects.length > 0);
    },
    { what: "all have noticed" },
  );
  const identities = await Promise.all(processes.map(untilOpen));
  expect(new Set(identities).size).toBe(1);
  const key = freshKey("shop");
  await processes[0]?.tier.set(key, BYTES, 60_000);
  expect(await Promise.all(processes.map(({ tier }) => tier.get(key)))).toEqual(processes.map(() => BYTES));
  expect(aside(path).filter((name) => name === "cache.db.damaged-WHEN")).toHaveLength(1);
  expect(askFile(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test.each<[string, string, (path: string) => void]>([
  [
    "all of it is removed",
    "the file has been replaced or removed",
    (path) => ["", "-wal", "-shm"].forEach((end) => rmSync(path + end)),
  ],
  ["it alone is removed", "the file has been replaced or removed", (path) => rmSync(path)],
  ["it is moved", "the file has been replaced or removed", (path) => renameSync(path, `${path}.elsewhere`)],
  [
    "its log is removed",
    "the write-ahead log of the file has been replaced or removed",
    (path) => rmSync(`${path}-wal`),
  ],
  [
    "the index of its log is removed",
    "the index of the write-ahead log has been replaced or removed",
    (path) => rmSync(`${path}-shm`),
  ],
])("when %s, what it held is gone for all, who then share a new one", async (_what, reason, harm) => {
  const path = newPath();
  const [one, two] = [openProcess("shop", { path }), openProcess("shop", { path })];
  const heard = [await listen(one.bus), await listen(two.bus)];
  await waitUntil(() => one.bus.isLive && two.bus.isLive, { what: "both are live" });
  const before = await one.authority.identity();
  const key = freshKey("shop");
  await one.authority.set(key, frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity);
  const [epoch] = await one.authority.epochs([{ kind: "root" }]);
  harm(path);
  await waitUntil(() => one.reconnects.length > 0 && two.reconnects.length > 0, { what: "both have noticed" });
  await waitUntil(() => one.bus.isLive && two.bus.isLive, { what: "both are live again" });
  // Who notices first makes a new file, and that is what the other one may notice.
  expect(heard.flatMap(({ log }) => log)).toContain(`doubt: ${reason}`);
  const identities = [await one.authority.identity(), await two.authority.identity()];
  expect([identities[0] === identities[1], identities[0] === before]).toEqual([true, false]);
  expect((await two.authority.epochs([{ kind: "root" }]))[0]?.hard).not.toBe(epoch?.hard);
  await one.tier.set("new", BYTES, 60_000);
  expect(await two.tier.get("new")).toEqual(BYTES);
  expect(askFile(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test.each(["-wal", "-shm"])(
  "P7 who came to the file by a link, and who came without, share a new one when cache.db%s is lost",
  async (end) => {
    const path = newPath();
    const link = join(dirname(path), "link.db");
    // It leads nowhere yet: the file is made where it leads to.
    symlinkSync("cache.db", link);
    const linked = openProcess("shop", { path: link });
    await listen(linked.bus);
    await waitUntil(() => linked.bus.isLive, { what: "the bus is live" });
    rmSync(path + end);
    await waitUntil(() => linked.reconnects.length > 0, { what: "it has noticed" });
    await untilOpen(linked);
    const direct = openProcess("shop", { path });
    expect(await untilOpen(direct)).toBe(await untilOpen(linked));
    await linked.tier.set("k", BYTES, 60_000);
    expect(await direct.tier.get("k")).toEqual(BYTES);
    expect([lstatSync(link).isSymbolicLink(), aside(path)]).toEqual([true, ["cache.db.damaged-WHEN"]]);
  },
);

test("a link that leads elsewhere from now on leads to another file", async () => {
  const path = newPath();
  const link = join(dirname(path), "link.db");
  symlinkSync("cache.db", link);
  const process = openProcess("shop", { path: link });
  await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
  await process.tier.set("k", BYTES, 60_000);
  rmSync(link);
  symlinkSync(join(dirname(path), "another", "cache.db"), link);
  await waitUntil(() => process.reconnects.length > 0, { what: "it has noticed" });
  expect([await process.tier.get("k"), readdirSync(join(dirname(path), "another")).includes("cache.db-wal")]).toEqual([
    undefined,
    true,
  ]);
});

test("one that comes second to the lock leaves alone what the first has made", () => {
  const path = newPath();
  writeFileSync(path, "no database ".repeat(1_000));
  const Driver = loadDriver("the test");
  const open = (Using: SqliteDriver) => openDatabase({ kind: "file", path }, Using, "sqlite", NO_SUSPICION).database;
  const identityOf = (database: SqliteDatabase): unknown => database.prepare("SELECT identity FROM meta").get();
  const first: SqliteDatabase[] = [];
  /** Before it has the lock, another process has done all that it is about to do. */
  class Slower extends Driver {
    constructor(at: string) {
      if (at === `${path}-lock` && first.length === 0) first.push(open(Driver));
      super(at);
    }
  }
  const second = open(Slower);
  expect(first.map(identityOf)).toEqual([identityOf(second)]);
  expect(aside(path)).toEqual(["cache.db.damaged-WHEN"]);
  for (const database of [second, ...first]) database.close();
});

test("what has been asked of one file is not done to the next", async () => {
  const path = newPath();
  const { authority, tier } = openProcess("shop", { path });
  await authority.now();
  const key = freshKey("shop");
  const writing = tier.set(key, BYTES, 60_000);
  for (const end of ["", "-wal", "-shm"]) rmSync(path + end);
  await expect(writing).rejects.toMatchObject({ code: "unavailable" });
  expect(await tier.get(key)).toBeUndefined();
});

test("a file copied over another in place is another authority", async () => {
  const [first, second] = [await madeFile(), await madeFile()];
  const process = openProcess("shop", { path: first.path });
  await listen(process.bus);
  expect(await process.authority.identity()).toBe(first.identity);
  // So that its write-ahead log is not empty: to read the other file with it would damage that.
  for (let write = 0; write < 20; write++) await process.tier.set(`k${write}`, BYTES, 60_000);
  const replacement = join(dirname(first.path), "replacement.db");
  copyFileSync(second.path, replacement);
  renameSync(replacement, first.path);
  await waitUntil(() => process.reconnects.length > 0, { what: "it has been noticed" });
  expect([await process.authority.identity(), await process.tier.get(second.key)]).toEqual([second.identity, BYTES]);
  expect([await process.tier.get("k1"), askFile(first.path, "PRAGMA integrity_check")]).toEqual([
    undefined,
    [{ integrity_check: "ok" }],
  ]);
});

test("a cache goes on without a file that cannot be made, and with it once it can", async () => {
  const path = newPath("not-a-folder/cache.db");
  writeFileSync(dirname(path), "in the way");
  const cache = new TieredCacheManager({ tiers: [memoryTier(), sqliteTier({ path, timeout: 5_000 })] });
  const errors: unknown[] = [];
  cache.on("tierError", ({ error }) => errors.push(error));
  expect(await cache.get("k", () => "own")).toBe("own");
  expect(await cache.set("other", 1)).toEqual({ authority: "pending" });
  expect(errors[0]).toMatchObject({ code: "unavailable", message: "sqlite cannot open its file" });
  expect((await cache.health()).tiers["sqlite"]?.status).toBe("down");
  rmSync(dirname(path));
  await waitUntil(async () => (await cache.health()).status === "healthy", { what: "the file is there" });
  expect(await cache.set("k", "shared")).toEqual({ authority: "done" });
  expect(existsSync(path)).toBe(true);
  await cache.close();
});

test.runIf(HAS_OWN_SQLITE)("leaves no open file behind when it closes, and nothing but its own files", async () => {
  const path = newPath();
  mkdirSync(join(dirname(path), "keep"));
  const process = openProcess("shop", { path });
  await listen(process.bus);
  await process.tier.set("k", BYTES, 60_000);
  await process.close();
  await process.close();
  expect(readdirSync(dirname(path)).toSorted()).toEqual([basename(path), "keep"]);
  await expect(process.tier.get("k")).rejects.toMatchObject({ code: "closed" });
  await expect(process.authority.bump({ kind: "root" }, false, Infinity)).rejects.toMatchObject({ code: "closed" });
  await expect(process.authority.leases("shop")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "closed",
  });
});
