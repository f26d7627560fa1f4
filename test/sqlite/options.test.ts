// Options of the SQLite tier: what is taken, what it becomes, and what the messages about the rest say.

import { join } from "node:path";
import { expect, test } from "vitest";
import { sqliteTier, type SqliteTierOptions } from "../../src/sqlite/options.ts";
import { resolveSqliteOptions, SQLITE_DEFAULTS } from "../../src/sqlite/settings.ts";
import { openBare } from "./bare.ts";

const resolve = (options: SqliteTierOptions) => resolveSqliteOptions(options, "tiers[1].options");
const refuse = (options: object) => () => resolve(options);

test("fills in the defaults, and nothing stays optional", () => {
  expect(resolve({})).toEqual({
    name: "sqlite",
    enabled: true,
    maxEntries: Infinity,
    maxBytes: 2 ** 30,
    maxAgeMs: Infinity,
    timeoutMs: 100,
    vacuumIntervalMs: 600_000,
    cleanupOnStart: false,
    bus: true,
    divergenceLimitMs: 2_000,
    breaker: true,
    payload: { codec: "msgpack", compression: undefined, encryption: undefined, maxDecompressedBytes: 67_108_864 },
    target: { kind: "file", path: join(process.cwd(), "cache.db") },
  });
  expect(SQLITE_DEFAULTS.path).toBe("cache.db");
});

test("tells the cache what the cache decides, once, frozen", () => {
  const config = sqliteTier({ name: "disk", maxAge: "1h", timeout: "50ms", breaker: false, enabled: false });
  const plan = config.prepare("tiers[1]");
  expect(config).toMatchObject({ kind: "sqlite", options: { name: "disk" } });
  expect(plan).toMatchObject({ name: "disk", enabled: false, maxAgeMs: 3_600_000, timeoutMs: 50, breaker: false });
  expect(Object.isFrozen(config) && Object.isFrozen(plan)).toBe(true);
});

test("takes a path as it is when the cache is made, memory, and a handle", () => {
  expect(resolve({ path: "/var/cache/x.db" }).target).toEqual({ kind: "file", path: "/var/cache/x.db" });
  expect(resolve({ path: "../x.db" }).target).toEqual({ kind: "file", path: join(process.cwd(), "../x.db") });
  expect(resolve({ path: ":memory:" }).target).toEqual({ kind: "memory" });
  const database = openBare(":memory:");
  expect(resolve({ database }).target).toEqual({ kind: "database", database });
  database.close();
});

test("takes bounds, with Infinity for none", () => {
  const bounds = { maxEntries: 1, maxBytes: Infinity, vacuumInterval: "forever", cleanupOnStart: true } as const;
  expect(resolve(bounds)).toMatchObject({
    maxEntries: 1,
    maxBytes: Infinity,
    vacuumIntervalMs: Infinity,
    cleanupOnStart: true,
  });
});

test.each<[object, string]>([
  [{ file: "x" }, "must hold known options only (path, database, name, enabled, maxEntries, maxBytes, maxAge, timeout"],
  [{ path: "" }, "path must be a non-empty string, got ''"],
  [{ path: 5 }, "path must be a non-empty string, got 5"],
  [{ path: "a\0b" }, 'path must be a path of the file system, or ":memory:", got'],
  [{ path: "file:x?mode=ro" }, "path must be a path of the file system, or \":memory:\", got 'file:x?mode=ro'"],
  [{ database: {} }, "database must be a DatabaseSync, of node:sqlite or of a package with its interface, got {}"],
  [{ database: "x.db" }, "database must be a DatabaseSync"],
  [{ path: "x", database: { exec: test, prepare: test } }, "path must be absent when database is given"],
  [{ name: "" }, "name must be a non-empty string, got ''"],
  [{ enabled: "yes" }, "enabled must be true or false, got 'yes'"],
  [{ maxEntries: 0 }, "maxEntries must be a whole number of at least 1, got 0"],
  [{ maxEntries: 1.5 }, "maxEntries must be a whole number of at least 1, got 1.5"],
  [{ maxBytes: -1 }, "maxBytes must be a whole number of at least 1, got -1"],
  [{ maxBytes: "1g" }, "maxBytes must be a whole number of at least 1, got '1g'"],
  [{ maxAge: "soon" }, "maxAge must be a duration of at least 0"],
  [{ timeout: 0 }, "timeout must be a duration longer than 0, got 0"],
  [{ vacuumInterval: 0 }, "vacuumInterval must be a duration longer than 0, got 0"],
  [{ cleanupOnStart: 1 }, "cleanupOnStart must be true or false, got 1"],
  [{ bus: null }, "bus must be true or false, got null"],
  [{ divergenceLimit: "0s" }, "divergenceLimit must be a duration longer than 0, got '0s'"],
  [{ breaker: null }, "breaker must be true, false or an object with failures and openFor, got null"],
])("refuses %j", (options, message) => {
  expect(refuse(options)).toThrow(
    expect.objectContaining({
      code: "invalid_option",
      message: expect.stringContaining(`tiers[1].options${"file" in options ? " " : "."}${message}`) as string,
    }),
  );
});

test.each([undefined, null, [], "cache.db"])("refuses %j as options", (options) => {
  if (options === undefined) return expect(sqliteTier(options).options).toEqual({});
  return expect(() => sqliteTier(options as never).prepare("tiers[0]")).toThrow("tiers[0].options must be an object");
});
