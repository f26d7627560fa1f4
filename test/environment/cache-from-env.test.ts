// A cache made from the environment: what it does, and what else its maker may say.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cacheFromEnv, memoryTier, type EnvironmentOptions, type TieredCacheManager } from "../../src/index.ts";
import { collect } from "../support/cache.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const opened: TieredCacheManager[] = [];
const folders: string[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cache of opened.splice(0)) await cache.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function open(env: Record<string, string>, more: EnvironmentOptions = {}): Promise<TieredCacheManager> {
  const cache = await cacheFromEnv({ env, ...more });
  opened.push(cache);
  return cache;
}

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "freshtier-environment-"));
  folders.push(folder);
  return join(folder, "cache.db");
}

describe("without a word", () => {
  test("it is a cache in memory, as without options", async () => {
    const cache = await open({});
    expect(await cache.get("k", () => "v")).toBe("v");
    expect(await cache.get("k", () => "other")).toBe("v");
    expect(cache.name).toBe("default");
    expect(Object.keys(cache.stats().tiers)).toEqual(["memory"]);
  });

  test("it reads process.env", async () => {
    vi.stubEnv("CACHE_NAME", "stubbed");
    vi.stubEnv("LIB_NAME", "own");
    const [cache, own] = [await cacheFromEnv(), await cacheFromEnv({ prefix: "LIB_" })];
    opened.push(cache, own);
    expect([cache.name, own.name]).toEqual(["stubbed", "own"]);
  });
});

describe.each([
  ["the master switch", { CACHE_ENABLED: "false", CACHE_REDIS_URL: "redis://127.0.0.1:1" }],
  ["no tier", { CACHE_L1_ENABLED: "false" }],
])("switched off by %s", (_how, env) => {
  test("every verb passes through", async () => {
    const cache = await open(env);
    let n = 0;
    expect(await cache.set("k", "v")).toEqual({ authority: "none" });
    expect(cache.setSync("k", "v")).toEqual({ authority: "none" });
    expect([await cache.get("k"), cache.getSync("k"), await cache.has("k")]).toEqual([undefined, undefined, false]);
    expect([await cache.get("k", () => ++n), await cache.get("k", () => ++n)]).toEqual([1, 2]);
    expect(cache.getSync("k", () => ++n)).toBe(3);
    expect(await cache.getMany(["a", "b"], (keys) => keys.map((key) => `${key}!`))).toEqual(["a!", "b!"]);
    expect(await collect(cache.keys())).toEqual([]);
    expect(await cache.getEntry("k")).toBeUndefined();
    expect(await cache.delete("k")).toMatchObject({ authority: "none", existed: false });
    for (const result of [await cache.markStale("k"), await cache.invalidateTags(["t"]), await cache.clear()]) {
      expect(result).toEqual({ authority: "none" });
    }
    expect(await cache.health()).toMatchObject({ status: "healthy", tiers: {} });
  });
});

describe("on a SQLite file", () => {
  test("two caches are one, and encrypted values are read with the key alone", async () => {
    const key = Buffer.alloc(32, 1).toString("hex");
    const env = { LIB_SQLITE_PATH: newFile(), LIB_NAME: "shop", LIB_ENCRYPTION_KEY: key };
    const [a, b] = [await open(env, { prefix: "LIB_" }), await open(env, { prefix: "LIB_" })];
    expect(await a.set("k", "v")).toEqual({ authority: "done" });
    expect(await b.get("k")).toBe("v");
    expect(Object.keys(a.stats().tiers)).toEqual(["memory", "sqlite"]);
    const stranger = await open({ ...env, LIB_ENCRYPTION_KEY: "" }, { prefix: "LIB_" });
    expect(await stranger.get("k")).toBeUndefined();
  });

  test("SYNC_ENABLED=false: no bus, which health() tells", async () => {
    const cache = await open({ CACHE_SQLITE_PATH: newFile(), CACHE_SYNC_ENABLED: "false" });
    await cache.set("k", "v");
    expect(await cache.health()).toMatchObject({ reasons: ["sqlite has no bus: every read asks it"] });
  });

  test("L1_ENABLED=false: every read asks the file", async () => {
    const cache = await open({ CACHE_SQLITE_PATH: newFile(), CACHE_L1_ENABLED: "no" });
    await cache.set("k", "v");
    expect((await cache.getEntry("k"))?.tier).toBe("sqlite");
    expect(Object.keys(cache.stats().tiers)).toEqual(["sqlite"]);
  });
});

test("METRICS_ENABLED=false: nothing is counted", async () => {
  const cache = await open({ CACHE_METRICS_ENABLED: "false" });
  await cache.get("k", () => 1);
  await cache.get("k");
  expect(cache.stats()).toMatchObject({ requests: 0, tiers: { memory: { entries: 1 } } });
});

describe("defaults", () => {
  test("hold where the environment says nothing", async () => {
    const clock = new FakeClock();
    const defaults = {
      name: "own",
      ttl: "10s",
      staleWhileRevalidate: 0,
      clock,
      validate: (v: unknown) => v !== "bad",
    } as const;
    const cache = await open({ CACHE_TTL: "20s" }, { defaults });
    await cache.set("k", "v");
    expect([cache.name, await cache.ttl("k")]).toEqual(["own", 20_000]);
    expect(Object.keys(defaults)).toHaveLength(5);
    await expect(cache.set("k", "bad")).rejects.toMatchObject({ code: "invalid_value" });
  });

  test("can switch off, and the environment on again", async () => {
    const defaults = { enabled: false };
    expect(await (await open({}, { defaults })).get("k", () => 1)).toBe(1);
    expect((await open({}, { defaults })).stats().tiers["memory"]).toMatchObject({ entries: 0 });
    const cache = await open({ CACHE_ENABLED: "true" }, { defaults });
    await cache.set("k", 1);
    expect(await cache.get("k")).toBe(1);
  });
});

test.each<[unknown, string]>([
  [null, "options of cacheFromEnv must be an object, got null"],
  [{ perfix: "LIB_" }, "options of cacheFromEnv must hold known options only (prefix, env, defaults), got 'perfix'"],
  [{ prefix: "" }, "prefix must be a text of letters, digits and _ that begins with no digit, got ''"],
  [{ prefix: "1_" }, "prefix must be a text of letters, digits and _ that begins with no digit, got '1_'"],
  [{ prefix: 5 }, "prefix must be a text of letters, digits and _ that begins with no digit, got 5"],
  [{ env: "CACHE_TTL=5" }, "env must be an object, got 'CACHE_TTL=5'"],
  [{ env: { CACHE_TTL: 5 } }, "CACHE_TTL must be a text, got 'number'"],
  [{ defaults: [] }, "defaults must be an object, got []"],
  [{ defaults: { tiers: [memoryTier()] } }, "defaults.tiers must be absent: the environment says it, got [ "],
  [{ defaults: { tll: 5 } }, "cache options must hold known options only"],
])("rejects %j", async (options, message) => {
  await expect(cacheFromEnv(options as EnvironmentOptions)).rejects.toThrow(message);
});
