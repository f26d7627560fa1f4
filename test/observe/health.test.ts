// health(): what it can be asked to warn of; and the endpoint that answers probes with it, over real sockets.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { healthEndpoint, memoryTier, TieredCacheManager, type CacheHealth } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { createCache } from "../support/cache.ts";

describe("health", () => {
  test("tells of every tier how it is, and how its breaker and its bus are", async () => {
    const tiers = [memoryTier(), keyvTier({ store: new Map() }), sqliteTier({ path: ":memory:", timeout: "5s" })];
    await using cache = new TieredCacheManager({ tiers });
    await cache.set("k", 1);
    const { busLive, ...health } = await cache.health();
    const latencyMs = expect.any(Number) as number;
    expect(health).toEqual({
      status: expect.stringMatching(/healthy|degraded/) as string,
      tiers: {
        memory: { status: "healthy" },
        sqlite: {
          status: busLive === true ? "healthy" : "degraded",
          breakers: { sqlite: "closed" },
          pending: 0,
          latencyMs,
        },
        keyv: { status: "healthy", breakers: { keyv: "closed" }, latencyMs },
      },
      reasons: expect.any(Array) as string[],
    });
  });

  test("says that a tier of copies does not answer, without having asked it for anything else", async () => {
    const broken = { get: () => Promise.reject(new Error("gone")), set: () => undefined, delete: () => true };
    const near = keyvTier({ store: { ...broken, clear: () => undefined } });
    const tiers = [memoryTier(), near, sqliteTier({ path: ":memory:", timeout: "5s" })];
    await using cache = new TieredCacheManager({ tiers });
    const { status, tiers: told, reasons } = await cache.health();
    expect([status, told["keyv"]]).toMatchObject(["degraded", { status: "degraded" }]);
    expect(told["keyv"]).not.toHaveProperty("latencyMs");
    expect(reasons.join("; ")).toContain("keyv keeps no copies");
  });

  test("warns of a tier that is fuller than asked for, and stays healthy", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 10 })] });
    await cache.setMany(Array.from({ length: 9 }, (_, index) => [`k${index}`, index] as const));
    const warn = { utilization: 0.9 };
    expect(await cache.health({ warn })).toMatchObject({ status: "healthy", reasons: [] });
    await cache.set("k10", 1);
    expect(await cache.health({ warn })).toMatchObject({
      status: "healthy",
      reasons: ["memory is 100 % full, more than 90 %"],
    });
    expect((await cache.health()).reasons).toEqual([]);
  });

  test("warns of a hit rate that is lower than asked for, once there is something to go by", async () => {
    const { cache } = createCache();
    for (let n = 0; n < 99; n++) await cache.get("k");
    const warn = { hitRate: 0.7 };
    expect((await cache.health({ warn })).reasons).toEqual([]);
    await cache.get("k");
    expect((await cache.health({ warn })).reasons).toEqual(["the hit rate is 0 % of 100 requests, less than 70 %"]);
    await cache.set("k", 1);
    for (let n = 0; n < 400; n++) await cache.get("k");
    expect((await cache.health({ warn })).reasons).toEqual([]);
  });

  test.each([
    [{ wran: {} }, "options must hold known options only (warn), got 'wran'"],
    [{ warn: 1 }, "options.warn must be an object, got 1"],
    [{ warn: { utilization: 2 } }, "options.warn.utilization must be from 0 to 1, got 2"],
    [{ warn: { hitRate: "0.7" } }, "options.warn.hitRate must be from 0 to 1, got '0.7'"],
  ])("refuses %j", async (options, message) => {
    const { cache } = createCache();
    await expect(cache.health(options as object)).rejects.toMatchObject({ code: "invalid_option", message });
    expect(() => healthEndpoint(cache, options as object)).toThrow(/options(\.warn.*)? must/);
  });
});

describe("healthEndpoint", () => {
  /** Asks over a real socket. */
  async function ask(endpoint: ReturnType<typeof healthEndpoint>): Promise<Response> {
    const server = createServer((request, response) => void endpoint.node(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
    } finally {
      server.close();
    }
  }

  test("answers 200 with what health says, and 503 once the cache is closed", async () => {
    const { cache } = createCache();
    const endpoint = healthEndpoint(cache);
    for (const response of [await ask(endpoint), await endpoint.fetch()]) {
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(await response.json()).toEqual({
        status: "healthy",
        tiers: { memory: { status: "healthy" } },
        reasons: [],
      });
    }
    await cache.close();
    for (const response of [await ask(endpoint), await endpoint.fetch()]) {
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ status: "down", reasons: ["the cache is closed"] });
    }
  });

  test("takes no process out of service because its shared tier is away, unless that is asked for", async () => {
    const health: CacheHealth = { status: "degraded", tiers: {}, reasons: ["redis does not answer"] };
    const cache = { health: () => Promise.resolve(health) };
    expect((await healthEndpoint(cache).fetch()).status).toBe(200);
    expect((await healthEndpoint(cache, { failOn: "degraded" }).fetch()).status).toBe(503);
  });

  test("passes on what to warn of", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 1 })] });
    await cache.set("k", 1);
    const response = await healthEndpoint(cache, { warn: { utilization: 0.5 } }).fetch();
    expect(await response.json()).toMatchObject({ reasons: ["memory is 100 % full, more than 50 %"] });
  });

  test("refuses a status there is not", () => {
    const { cache } = createCache();
    expect(() => healthEndpoint(cache, { failOn: "healthy" as never })).toThrow(
      "options.failOn must be one of 'down', 'degraded', got 'healthy'",
    );
  });
});
