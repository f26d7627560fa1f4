// asKeyvStore in the CacheModule of NestJS: its interceptor, and its injected cache, work on a cache of this library.

import { CACHE_MANAGER, CacheInterceptor, CacheKey, CacheModule, CacheTTL } from "@nestjs/cache-manager";
import { Controller, Get, Inject, Module, Post, UseInterceptors } from "@nestjs/common";
import type { Cache } from "cache-manager";
import { Keyv } from "keyv";
import { afterEach, describe, expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { asKeyvStore } from "../../src/keyv/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { boot, end } from "./application.ts";

forbidUnhandledRejections();

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

const STORES = [
  ["the adapter itself", (cache: TieredCacheManager) => asKeyvStore(cache)],
  ["a Keyv around it", (cache: TieredCacheManager) => new Keyv({ store: asKeyvStore(cache), namespace: "web" })],
] as const;

describe.each(STORES)("CacheModule.register({ stores: [%s] })", (_what, storeOf) => {
  test("answers requests from the cache, and what is deleted or cleared is asked for again", async () => {
    const cache = new TieredCacheManager({ name: "shop" });
    open.push(cache);
    const asked: string[] = [];

    @Controller()
    class Prices {
      @Inject(CACHE_MANAGER) readonly manager!: Cache;

      @Get("price")
      @UseInterceptors(CacheInterceptor)
      @CacheKey("the-price")
      @CacheTTL(60_000)
      price(): object {
        asked.push("price");
        return { cents: 1999 };
      }

      @Get("wrapped")
      wrapped(): Promise<unknown> {
        return this.manager.wrap("wrapped", async () => asked.push("wrapped"), 60_000);
      }

      @Post("delete")
      delete(): Promise<boolean> {
        return this.manager.del("the-price");
      }

      @Post("clear")
      clear(): Promise<boolean> {
        return this.manager.clear();
      }
    }

    @Module({ imports: [CacheModule.register({ stores: [storeOf(cache)] })], controllers: [Prices] })
    class App {}
    const booted = await boot(App);
    const { read } = booted;

    for (let request = 0; request < 3; request++) expect(await read("/price")).toBe('{"cents":1999}');
    for (let request = 0; request < 2; request++) expect(await read("/wrapped")).toBe("2");
    expect(asked).toEqual(["price", "wrapped"]);
    expect(cache.stats().sets).toBe(2);

    await read("/delete", { method: "POST" });
    expect(await read("/price")).toBe('{"cents":1999}');
    expect(await read("/wrapped")).toBe("2");
    expect(asked).toEqual(["price", "wrapped", "price"]);

    await read("/clear", { method: "POST" });
    await read("/price");
    await read("/wrapped");
    expect(asked).toEqual(["price", "wrapped", "price", "price", "wrapped"]);

    await end(booted);
    expect((await cache.health()).status).toBe("healthy");
  });
});

test("control: with the store of CacheModule itself, this cache has nothing", async () => {
  const cache = new TieredCacheManager();
  open.push(cache);

  @Controller()
  class Prices {
    @Get("price")
    @UseInterceptors(CacheInterceptor)
    price(): number {
      return 1999;
    }
  }

  @Module({ imports: [CacheModule.register()], controllers: [Prices] })
  class App {}
  const { read } = await boot(App);
  expect([await read("/price"), await read("/price")]).toEqual(["1999", "1999"]);
  expect(cache.stats().sets).toBe(0);
});
