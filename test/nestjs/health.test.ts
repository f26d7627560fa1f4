// CacheHealthIndicator: what it says of a cache that is well, whose Redis is away, and that is closed.

import { Controller, Get, Inject, Module } from "@nestjs/common";
import { describe, expect, test } from "vitest";
import { memoryTier } from "../../src/index.ts";
import { CacheHealthIndicator, TieredCacheModule } from "../../src/nestjs/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { startRedis } from "../support/redis/server.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { boot, end } from "./application.ts";

forbidUnhandledRejections();

@Controller("health")
class HealthController {
  @Inject(CacheHealthIndicator) readonly indicator!: CacheHealthIndicator;

  @Get("strict")
  strict(): Promise<unknown> {
    return this.indicator.isHealthy("cache", "shop");
  }

  @Get("ready")
  ready(): Promise<unknown> {
    return this.indicator.isServing("cache", "shop");
  }
}

describe("CacheHealthIndicator", () => {
  test("is up with Redis; without it down for isHealthy, and up for isServing", async () => {
    const redis = await startRedis();
    try {
      const tiers = [memoryTier(), redisTier({ url: redis.url })];
      @Module({ imports: [TieredCacheModule.forRoot({ name: "shop", tiers })], controllers: [HealthController] })
      class App {}
      const booted = await boot(App);
      const ask = async (path: string): Promise<unknown> => JSON.parse(await booted.read(`/health/${path}`));

      const up = await waitUntil(
        async () => {
          const answer = await booted.read("/health/strict");
          return answer.includes('"up"') && (JSON.parse(answer) as unknown);
        },
        { what: "the bus of Redis is live" },
      );
      expect(up).toEqual({
        cache: {
          status: "up",
          cache: "healthy",
          tiers: {
            memory: { status: "healthy" },
            redis: { status: "healthy", breakers: { redis: "closed" }, pending: 0, latencyMs: expect.any(Number) },
          },
          reasons: [],
        },
      });

      await redis.kill9();
      expect(await ask("strict")).toMatchObject({
        cache: {
          status: "down",
          cache: "degraded",
          tiers: { memory: { status: "healthy" }, redis: { status: "down" } },
          reasons: expect.arrayContaining([expect.stringContaining("redis does not answer")]),
        },
      });
      expect(await ask("ready")).toMatchObject({ cache: { status: "up", cache: "degraded" } });
    } finally {
      await redis.stop();
    }
  });

  test("is down for both once the cache is closed", async () => {
    @Module({ imports: [TieredCacheModule.forRoot()] })
    class App {}
    const booted = await boot(App);
    const indicator = booted.app.get(CacheHealthIndicator);
    expect(await indicator.isHealthy("memory")).toMatchObject({ memory: { status: "up", cache: "healthy" } });

    await end(booted);
    for (const answer of [await indicator.isHealthy("memory"), await indicator.isServing("memory")]) {
      expect(answer.memory).toMatchObject({ status: "down", cache: "down", reasons: ["the cache is closed"] });
    }
  });

  test("finds every cache of its application by name, and says so where there is none", async () => {
    @Module({ imports: [TieredCacheModule.forRoot({ name: "a" }), TieredCacheModule.forRoot({ name: "b" })] })
    class App {}
    const { app } = await boot(App);
    const indicator = app.get(CacheHealthIndicator);

    expect(await indicator.isHealthy("first", "a")).toMatchObject({ first: { status: "up" } });
    expect(await indicator.isHealthy("second", "b")).toMatchObject({ second: { status: "up" } });
    const rejection = (message: string): object => ({ name: "CacheError", code: "invalid_argument", message });
    await expect(indicator.isHealthy("third", "c")).rejects.toMatchObject(
      rejection("name must be that of a cache of this application, got 'c'"),
    );
    await expect(indicator.isServing("third")).rejects.toMatchObject(
      rejection("name must be that of a cache of this application, got 'the default one'"),
    );
    await expect(indicator.isHealthy("")).rejects.toMatchObject(rejection("key must be a non-empty string, got ''"));
  });
});
