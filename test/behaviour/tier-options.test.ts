// What a call may say of single tiers: of those that the cache has, and of no others.

import { describe, expect, test } from "vitest";
import { CacheError, memoryTier } from "../../src/index.ts";
import type { RemoteTierConfig } from "../../src/contracts/remote.ts";
import { resolveCall, type CallSettings } from "../../src/model/call.ts";
import { resolveCache } from "../../src/settings.ts";
import { createCache } from "../support/cache.ts";

/** A shared tier that is described, and never opened. */
function sharedTier(name: string, enabled = true): RemoteTierConfig {
  const open = (): never => {
    throw new Error("a tier was opened to check options");
  };
  const plan = { name, enabled, maxAgeMs: Infinity, timeoutMs: 100, breaker: true, open };
  return { kind: "redis", prepare: () => plan };
}

const MEMORY_ONLY: CallSettings = resolveCache({}).call;
const WITH_REDIS: CallSettings = resolveCache({ tiers: [memoryTier(), sharedTier("redis")] }).call;

const OFF = { use: false, maxAgeMs: 0 };
const ON = { use: true, maxAgeMs: Infinity };

describe("tier options of a call", () => {
  test("are as the cache has them where nothing is said", () => {
    expect(MEMORY_ONLY).toMatchObject({ memory: ON, shared: undefined });
    expect(WITH_REDIS).toMatchObject({ memory: ON, shared: { name: "redis", ...ON } });
    expect(resolveCall(WITH_REDIS, {})).toEqual(WITH_REDIS);
    expect(resolveCall(WITH_REDIS, { tiers: {} })).toEqual(WITH_REDIS);
    expect(resolveCall(WITH_REDIS, { tiers: { memory: undefined, redis: undefined } as never })).toEqual(WITH_REDIS);
  });

  test("take the shared tier under its name, and leave the other as it is", () => {
    expect(resolveCall(WITH_REDIS, { tiers: { redis: false } })).toEqual({
      ...WITH_REDIS,
      shared: { name: "redis", ...OFF },
    });
    expect(resolveCall(WITH_REDIS, { tiers: { memory: false } })).toEqual({ ...WITH_REDIS, memory: OFF });
    expect(resolveCall(WITH_REDIS, { tiers: { redis: { maxAge: "2s" }, memory: { maxAge: 5 } } })).toMatchObject({
      memory: { use: true, maxAgeMs: 5 },
      shared: { name: "redis", use: true, maxAgeMs: 2_000 },
    });
    const named = resolveCache({ tiers: [memoryTier(), sharedTier("sessions")] }).call;
    expect(resolveCall(named, { tiers: { sessions: false } }).shared).toEqual({ name: "sessions", ...OFF });
  });

  test.each([
    ["no shared tier", MEMORY_ONLY, "redis", "memory"],
    ["a shared tier of another name", WITH_REDIS, "sessions", "memory, redis"],
    ["a name that differs in case", WITH_REDIS, "Redis", "memory, redis"],
    ["a disabled one", resolveCache({ tiers: [memoryTier(), sharedTier("redis", false)] }).call, "redis", "memory"],
    ["a name that objects inherit", WITH_REDIS, "constructor", "memory, redis"],
  ])("refuse a name that the cache does not know, with those it knows: %s", (_case, call, name, known) => {
    const message = `options.tiers must hold known options only (${known}), got '${name}'`;
    for (const use of [false, {}, { maxAge: 1 }]) {
      expect(() => resolveCall(call, { tiers: { [name]: use } as never })).toThrow(
        expect.objectContaining({ code: "invalid_option", message }),
      );
    }
  });

  test.each([
    [true, "options.tiers.redis must be an object, got true"],
    [{ ttl: 1 }, "options.tiers.redis must hold known options only (maxAge), got 'ttl'"],
    [{ maxAge: -1 }, /^options\.tiers\.redis\.maxAge must be .*, got -1$/],
  ])("say what is wrong with %j, and where", (use, message) => {
    const resolve = (): CallSettings => resolveCall(WITH_REDIS, { tiers: { redis: use } as never });
    expect(resolve).toThrow(CacheError);
    expect(resolve).toThrow(message);
  });

  test("cannot switch a tier on that the cache leaves out", () => {
    const sharedOnly = resolveCache({ tiers: [sharedTier("redis")] }).call;
    expect(sharedOnly).toMatchObject({ memory: OFF, shared: { name: "redis", ...ON } });
    expect(resolveCall(sharedOnly, { tiers: { memory: { maxAge: "1h" } } }).memory.use).toBe(false);
  });

  test("reject the verb of a cache that has no such tier", async () => {
    const { cache } = createCache();
    const message = "options.tiers must hold known options only (memory), got 'redis'";
    const options = { tiers: { redis: false } } as const;
    await expect(cache.get("k", () => 1, options)).rejects.toThrow(message);
    await expect(cache.set("k", 1, options)).rejects.toThrow(message);
    expect(cache.getSync("k")).toBeUndefined();
  });
});
