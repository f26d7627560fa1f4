// The decorators of freshtier/nestjs beside others: of NestJS, of the other cache, and of the class that is inherited from.

import { Controller, Get, Inject, Injectable, Module, Param } from "@nestjs/common";
import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { CacheDefaults } from "../../src/decorators/index.ts";
import { Cached, CachedSync, getCacheToken, Invalidates, TieredCacheModule } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { boot } from "./application.ts";

const LOG = Symbol("log");
const PROVIDE_LOG = { provide: LOG, useFactory: () => [] };

forbidUnhandledRejections();

describe("what stands on a method", () => {
  test("routes may be cached, whichever decorator comes first", async () => {
    const log: string[] = [];

    @Controller()
    class Rates {
      @Get("above/:id")
      @Cached("above:{id}")
      async above(@Param("id") id: string): Promise<string> {
        log.push(`above ${id}`);
        return id;
      }

      @Cached("below:{id}")
      @Get("below/:id")
      async below(@Param("id") id: string): Promise<string> {
        log.push(`below ${id}`);
        return id;
      }
    }

    @Module({ imports: [TieredCacheModule.forRoot()], controllers: [Rates] })
    class App {}
    const { read } = await boot(App);

    for (const path of ["/above/1", "/above/1", "/below/1", "/below/1", "/below/2"]) {
      expect(await read(path)).toBe(path.at(-1));
    }
    expect(log).toEqual(["above 1", "below 1", "below 2"]);
  });

  test("one method may read one cache and change another", async () => {
    @Injectable()
    class Images {
      loads = 0;

      @Invalidates("list", { cache: "pages" })
      @Cached("image:{0}", { cache: "images" })
      async image(_id: string): Promise<number> {
        return ++this.loads;
      }
    }

    @Module({
      imports: [TieredCacheModule.forRoot({ name: "images" }), TieredCacheModule.forRoot({ name: "pages" })],
      providers: [Images],
    })
    class App {}
    const { app } = await boot(App);
    const pages = app.get<TieredCacheManager>(getCacheToken("pages"));
    const images = app.get<TieredCacheManager>(getCacheToken("images"));
    const service = app.get(Images);

    await pages.set("list", "old");
    expect([await service.image("1"), await service.image("1")]).toEqual([1, 1]);
    expect(await pages.get("list")).toBeUndefined();
    expect(await images.get("image:1")).toBe(1);
  });

  test("a method may have no key, and its class defaults, of which a named cache is none", async () => {
    @CacheDefaults({ namespace: "stock", ttl: "1h" })
    @Injectable()
    class Stock {
      loads = 0;

      @Cached()
      async count(_id: string, _size?: number): Promise<number> {
        return ++this.loads;
      }

      @Cached({ cache: "images" })
      async image(_id: string): Promise<number> {
        return ++this.loads;
      }

      @CachedSync()
      price(_id: string): number {
        return ++this.loads;
      }
    }

    @Module({
      imports: [TieredCacheModule.forRoot(), TieredCacheModule.forRoot({ name: "images" })],
      providers: [Stock],
    })
    class App {}
    const { app } = await boot(App);
    const service = app.get(Stock);

    const counts = [await service.count("a"), await service.count("a"), await service.count("a", 2)];
    expect([...counts, await service.image("a"), service.price("a"), service.price("a")]).toEqual([1, 1, 2, 3, 4, 4]);
    const keysOf = async (cache: TieredCacheManager): Promise<string[]> => {
      const keys: string[] = [];
      for await (const key of cache.keys({ namespace: "stock" })) keys.push(key);
      return keys;
    };
    expect((await keysOf(app.get(getCacheToken()))).toSorted()).toEqual([
      'Stock.count("a")',
      'Stock.count("a",2)',
      'Stock.price("a")',
    ]);
    expect(await keysOf(app.get(getCacheToken("images")))).toEqual(['Stock.image("a")']);
  });

  test("a class inherits cached methods, and may override them", async () => {
    const log: string[] = [];

    class Base {
      @Cached("base:{id}")
      async find(id: string): Promise<string> {
        log.push(`base ${id}`);
        return `base ${id}`;
      }

      @Cached("kept:{id}")
      async kept(id: string): Promise<string> {
        log.push(`kept ${id}`);
        return `kept ${id}`;
      }
    }

    @Injectable()
    class Plain extends Base {}

    @Injectable()
    class Overriding extends Base {
      @Inject(LOG) readonly own: unknown;

      @Cached("base:{id}")
      override async find(id: string): Promise<string> {
        return `over ${await super.find(id)}`;
      }
    }

    @Module({ imports: [TieredCacheModule.forRoot()], providers: [Plain, Overriding, PROVIDE_LOG] })
    class App {}
    const { app } = await boot(App);

    const [plain, overriding] = [app.get(Plain), app.get(Overriding)];
    expect([await plain.kept("1"), await plain.kept("1"), await overriding.kept("1")]).toEqual(
      Array.from({ length: 3 }, () => "kept 1"),
    );
    expect([await overriding.find("2"), await overriding.find("2")]).toEqual(["over base 2", "over base 2"]);
    expect(log).toEqual(["kept 1", "base 2"]);
    expect(overriding.own).toEqual([]);
  });
});
