// TieredCacheModule: what it makes of its options, and where its caches can be injected.

import { type DynamicModule, Injectable, Module } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { describe, expect, test } from "vitest";
import { createCaches, memoryTier, TieredCacheManager } from "../../src/index.ts";
import {
  Cached,
  type CacheOptionsFactory,
  type CacheOrOptions,
  getCacheToken,
  InjectCache,
  TieredCacheModule,
  type TieredCacheModuleAsyncOptions,
} from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { boot, end } from "./application.ts";
import { bootWith, isClosed, newCache } from "./caches.ts";

forbidUnhandledRejections();

/** Where the options of a cache are to be found. */
@Injectable()
class Configuration implements CacheOptionsFactory {
  createCacheOptions(): CacheOrOptions {
    return { name: "configured", ttl: "7m" };
  }
}

@Module({ providers: [Configuration], exports: [Configuration] })
class ConfigurationModule {}

const ttlOf = async (cache: TieredCacheManager): Promise<number | undefined> => {
  await cache.set("k", "v");
  return cache.ttl("k");
};

describe("forRoot", () => {
  test("makes a cache with these options, which is injected by its type or by @InjectCache", async () => {
    @Injectable()
    class Service {
      readonly byType: TieredCacheManager;
      readonly byName: unknown;
      @InjectCache() readonly asProperty: unknown;

      constructor(byType: TieredCacheManager, @InjectCache() byName: unknown) {
        this.byType = byType;
        this.byName = byName;
      }
    }

    @Module({ imports: [TieredCacheModule.forRoot({ ttl: "7m" })], providers: [Service] })
    class App {}
    const { app } = await boot(App);
    const { byType, byName, asProperty } = app.get(Service);

    expect(byType).toBeInstanceOf(TieredCacheManager);
    expect([byName, asProperty]).toEqual([byType, byType]);
    expect(byType.name).toBe("default");
    expect(await ttlOf(byType)).toBeGreaterThan(360_000);
  });

  test("makes caches of several names, of which one may be the default as well", async () => {
    const { app, cache } = await bootWith([
      TieredCacheModule.forRoot({ name: "shop", isDefault: true }),
      TieredCacheModule.forRoot({ name: "images" }),
    ]);
    const [shop, images] = ["shop", "images"].map((name) => app.get<TieredCacheManager>(getCacheToken(name)));
    expect([shop?.name, images?.name]).toEqual(["shop", "images"]);
    expect(cache).toBe(shop);
  });

  test("with isGlobal is seen by modules that do not import it, and otherwise is not", async () => {
    @Injectable()
    class Service {
      @InjectCache() readonly cache: unknown;
    }

    @Module({ providers: [Service] })
    class Feature {}
    const appWith = (isGlobal: boolean): DynamicModule => ({
      module: class App {},
      imports: [TieredCacheModule.forRoot({ isGlobal }), Feature],
    });

    const { app } = await boot(appWith(true));
    expect(app.get(Service).cache).toBe(app.get(TieredCacheManager));
    await expect(boot(appWith(false))).rejects.toThrow(/can't resolve dependencies of the Service/);
  });
});

describe("forRootAsync", () => {
  const ASYNC: [string, TieredCacheModuleAsyncOptions][] = [
    [
      "useFactory",
      {
        imports: [ConfigurationModule],
        inject: [Configuration],
        useFactory: async (configuration: Configuration) => configuration.createCacheOptions(),
      },
    ],
    ["useClass", { useClass: Configuration }],
    ["useExisting", { imports: [ConfigurationModule], useExisting: Configuration }],
  ];

  test.each(ASYNC)("takes the options from %s", async (_source, options) => {
    const { cache } = await bootWith([TieredCacheModule.forRootAsync(options)]);
    expect(cache.name).toBe("configured");
    expect(await ttlOf(cache)).toBeGreaterThan(360_000);
  });

  test("gives a cache without a name that of its registration", async () => {
    const useFactory = (): CacheOrOptions => ({ ttl: "1m" });
    const { cache } = await bootWith([TieredCacheModule.forRootAsync({ name: "images", useFactory })], "images");
    expect(cache.name).toBe("images");
  });

  test("takes caches that share a tier, made elsewhere", async () => {
    const caches = createCaches({ tiers: [memoryTier()] });
    const registered = (name: string): DynamicModule =>
      TieredCacheModule.forRootAsync({ name, closeCache: true, useFactory: () => caches.create(name) });
    const booted = await bootWith([registered("pages"), registered("images")], "pages");
    const images = booted.app.get<TieredCacheManager>(getCacheToken("images"));

    expect([booted.cache.name, images.name]).toEqual(["pages", "images"]);
    await end(booted);
    expect([await isClosed(booted.cache), await isClosed(images)]).toEqual([true, true]);
  });
});

test("a test of the application puts another cache in its place, and none is made", async () => {
  @Injectable()
  class Service {
    @Cached("answer")
    async answer(): Promise<number> {
      return 42;
    }
  }

  const cache = newCache();
  await cache.set("answer", 7);
  let made = 0;
  const useFactory = (): CacheOrOptions => ({ ttl: ++made });
  const imports = [TieredCacheModule.forRootAsync({ useFactory })];
  const testing = await Test.createTestingModule({ imports, providers: [Service] })
    .overrideProvider(getCacheToken())
    .useValue(cache)
    .compile();
  expect(await testing.get(Service).answer()).toBe(7);
  await testing.close();
  expect(await isClosed(cache)).toBe(false);
  expect(made).toBe(0);
});
