// Which SQLite is used, when it is loaded, and what is said when there is none.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBare } from "./bare.ts";
import { cleanUp, newPath, openProcess } from "./open.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const hasOwnSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

cleanUp();

/** Runs a module with the built package at hand, and nothing else but what it depends on. Returns what it prints. */
function runApart(source: string, ...flags: string[]): unknown {
  const folder = mkdtempSync(join(tmpdir(), "freshtier-driver-"));
  const modules = join(folder, "node_modules");
  for (const name of ["dist", "package.json"])
    cpSync(join(root, name), join(modules, "freshtier", name), { recursive: true });
  for (const name of ["lru-cache", "p-limit", "yocto-queue"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true });
  }
  try {
    const args = ["--no-warnings", ...flags, "--input-type=module", "--eval", source];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const WITHOUT = hasOwnSqlite ? ["--no-experimental-sqlite"] : [];

test("says what to install when there is neither, when the cache is made and not before", () => {
  const said = runApart(
    `import { TieredCacheManager } from "freshtier";
     import { sqliteTier } from "freshtier/sqlite";
     const config = sqliteTier();
     config.prepare("tiers[0]");
     try { new TieredCacheManager({ tiers: [config] }); } catch ({ name, code, message }) {
       console.log(JSON.stringify({ name, code, message }));
     }`,
    ...WITHOUT,
  );
  expect(said).toEqual({
    name: "CacheError",
    code: "unavailable",
    message:
      "sqlite needs Node.js 22.13 or newer, or the package @photostructure/sqlite (npm install @photostructure/sqlite); " +
      `this is Node.js ${process.versions.node}`,
  });
});

test("loads nothing of SQLite until a tier is opened", () => {
  const said = runApart(
    `import "freshtier";
     import { sqliteTier } from "freshtier/sqlite";
     sqliteTier({ path: "x.db" }).prepare("tiers[0]");
     console.log(JSON.stringify(process.moduleLoadList.filter((name) => name.endsWith(" sqlite"))));`,
  );
  expect(said).toEqual([]);
});

test("uses a handle that it is given, and leaves it open", async () => {
  const path = newPath();
  const database = openBare(path);
  const { authority, tier, close } = openProcess("shop", { database });
  const key = freshKey("shop");
  await tier.set(key, Uint8Array.of(1, 2, 3), 60_000);
  expect(await tier.get(key)).toEqual(Uint8Array.of(1, 2, 3));
  const other = openProcess("shop", { path });
  expect([await other.tier.get(key), await other.authority.identity()]).toEqual([
    Uint8Array.of(1, 2, 3),
    await authority.identity(),
  ]);
  await close();
  expect(database.prepare("SELECT count(*) AS entries FROM entries").get()).toEqual({ entries: 1 });
  database.close();
});

test("P4 caches that use one handle by tiers of their own hear of each other", async () => {
  const database = openBare(newPath());
  const open = () =>
    new TieredCacheManager({ name: "shop", tiers: [memoryTier(), sqliteTier({ database, timeout: 5_000 })] });
  const [a, b] = [open(), open()];
  for (const cache of [a, b]) await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
  await a.set("k", "old", { tags: ["t"] });
  expect(await b.get("k")).toBe("old");
  await Promise.all([b.set("other", 1), a.set("k", "new", { tags: ["t"] })]);
  await waitUntil(async () => (await b.get("k")) === "new", { what: "the other has heard" });
  await a.invalidateTags(["t"]);
  await waitUntil(async () => (await b.get("k")) === undefined, { what: "the other has heard" });
  expect([a.stats().bus?.losses, b.stats().bus?.losses]).toEqual([0, 0]);
  await Promise.all([a.close(), b.close()]);
  database.close();
});

// The package goes on answering until the statements have been collected.
test.runIf(hasOwnSqlite)("a handle that its owner closes is away, and harms nothing", async () => {
  const database = openBare(":memory:");
  const cache = new TieredCacheManager({ tiers: [memoryTier(), sqliteTier({ database })] });
  await cache.set("k", 1);
  database.close();
  expect(await cache.get("other", () => 2)).toBe(2);
  expect((await cache.health()).tiers["sqlite"]?.status).toBe("down");
  expect(await cache.delete("k")).toEqual({ authority: "pending", existed: true });
  await cache.close();
});

test("refuses a handle on the database of another program, and leaves it as it is", async () => {
  const database = openBare(":memory:");
  database.exec("CREATE TABLE users (id)");
  const { authority, problem } = openProcess("shop", { database });
  await expect(authority.now()).rejects.toMatchObject({ code: "unavailable" });
  expect(String(problem())).toContain("is the database of another program");
  expect(database.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "users" }]);
  database.close();
});

test("takes the handles of the package as they are declared", () => {
  const withHandle = (database: DatabaseSyncInstance) => sqliteTier({ database });
  expect(withHandle).toBeTypeOf("function");
});

test("a database in memory is that of one plan", async () => {
  const [one, two] = [openProcess("shop", { path: ":memory:" }), openProcess("shop", { path: ":memory:" })];
  const key = freshKey("shop");
  await one.tier.set(key, Uint8Array.of(1), 60_000);
  expect([await one.tier.get(key), await two.tier.get(key)]).toEqual([Uint8Array.of(1), undefined]);
});
