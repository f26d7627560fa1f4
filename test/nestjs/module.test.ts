// TieredCacheModule: what it makes of its options, where its caches can be injected, and when it closes them.

import {
  type BeforeApplicationShutdown,
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { Test } from "@nestjs/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createCaches, memoryTier, TieredCacheManager } from "../../src/index.ts";
import {
  Cached,
  type CacheOptionsFactory,
  type CacheOrOptions,
  getCacheToken,
  InjectCache,
  TieredCacheModule,
  type TieredCacheModuleAsyncOptions,
  type TieredCacheModuleOptions,
} from "../../src/nestjs/index.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { boot, end } from "./application.ts";

forbidUnhandledRejections();

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

function newCache(): TieredCacheManager {
  const cache = new TieredCacheManager({ name: "given" });
  open.push(cache);
  return cache;
}

/** An application of these modules, and the cache of that name in it. */
async function bootWith(imports: DynamicModule[], name?: string) {
  @Module({ imports })
  class App {}
  const booted = await boot(App);
  return { ...booted, cache: booted.app.get<TieredCacheManager>(getCacheToken(name)) };
}

const isClosed = async (cache: TieredCacheManager): Promise<boolean> => (await cache.health()).status === "down";

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

describe("at the end of the application", () => {
  const factory = (closeCache?: boolean): DynamicModule =>
    TieredCacheModule.forRootAsync({ closeCache, useFactory: () => newCache() });

  test.each([
    ["made of options is closed", () => TieredCacheModule.forRoot(), true],
    ["made of options by a factory is closed", () => TieredCacheModule.forRootAsync({ useFactory: () => ({}) }), true],
    ["that was given stays open", () => TieredCacheModule.forRoot({ cache: newCache() }), false],
    [
      "that was given with closeCache is closed",
      () => TieredCacheModule.forRoot({ cache: newCache(), closeCache: true }),
      true,
    ],
    ["that a factory gave stays open", () => factory(), false],
    ["that a factory gave with closeCache is closed", () => factory(true), true],
  ])("a cache %s", async (_what, module, closed) => {
    const booted = await bootWith([module()]);
    open.push(booted.cache);
    expect(await isClosed(booted.cache)).toBe(false);
    await end(booted);
    expect(await isClosed(booted.cache)).toBe(closed);
  });

  test("a request in flight, and every hook of the application, still has its cache", async () => {
    const [entered, release] = [deferred<void>(), deferred<void>()];
    const hooks: [string, unknown][] = [];

    @Injectable()
    class Service implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
      @InjectCache() readonly cache!: TieredCacheManager;

      @Cached("answer")
      async answer(): Promise<number> {
        return 42;
      }

      async onModuleDestroy(): Promise<void> {
        // From here on requests are none of the application's that come; this one came before.
        hooks.push(["onModuleDestroy", await this.cache.get("answer", () => 1)]);
        release.resolve();
      }

      async beforeApplicationShutdown(): Promise<void> {
        hooks.push(["beforeApplicationShutdown", await this.cache.get("before", () => 2)]);
      }

      async onApplicationShutdown(): Promise<void> {
        hooks.push(["onApplicationShutdown", await this.cache.get("shutdown", () => 3)]);
      }
    }

    @Controller()
    class Answers {
      @Inject(Service) readonly service!: Service;

      @Get()
      async answer(): Promise<number> {
        entered.resolve();
        await release.promise;
        // The socket is closed for others by now.
        await waitUntil(() => hooks.length >= 2, { what: "the hooks before the closing of connections have run" });
        return this.service.answer();
      }
    }

    @Module({ providers: [Service], controllers: [Answers] })
    class Feature {}
    const booted = await bootWith([TieredCacheModule.forRoot({ isGlobal: true }), { module: Feature }]);
    const answer = booted.read("/", { headers: { connection: "close" } });
    await entered.promise;
    await end(booted);

    expect(await answer).toBe("1");
    expect(hooks.map(([name]) => name)).toEqual([
      "onModuleDestroy",
      "beforeApplicationShutdown",
      "onApplicationShutdown",
    ]);
    expect(hooks.map(([, value]) => value)).toEqual([1, 2, 3]);
    expect(await isClosed(booted.cache)).toBe(true);
  });
});

describe("bad options", () => {
  const root = (options: unknown) => () => TieredCacheModule.forRoot(options as TieredCacheModuleOptions);
  const async = (options: unknown) => () => TieredCacheModule.forRootAsync(options as TieredCacheModuleAsyncOptions);
  const useFactory = (): CacheOrOptions => ({});

  test.each([
    ["no object", root("5m"), "options must be an object, got '5m'"],
    ["an array", root([]), "options must be an object, got []"],
    ["name", root({ name: 5 }), "options.name must be a non-empty string, got 5"],
    ["isGlobal", root({ isGlobal: "yes" }), "options.isGlobal must be true or false, got 'yes'"],
    ["isDefault", root({ isDefault: 1 }), "options.isDefault must be true or false, got 1"],
    ["no default", root({ isDefault: false }), "options.isDefault must be true for a cache without a name, got false"],
    ["cache", root({ cache: {} }), "options.cache must be a TieredCacheManager, got {}"],
    [
      "options beside a cache",
      root({ cache: newCache(), ttl: 5 }),
      "options with a cache must hold known options only (cache, closeCache, name, isDefault, isGlobal), got 'ttl'",
    ],
    ["closeCache", root({ cache: newCache(), closeCache: 1 }), "options.closeCache must be true or false, got 1"],
    ["no async object", async(undefined), "options must be an object, got undefined"],
    ["nothing", async({}), "options must hold one of useFactory, useClass, useExisting, got none"],
    [
      "two",
      async({ useFactory, useClass: Configuration }),
      "options must hold one of useFactory, useClass, useExisting, got useFactory and useClass",
    ],
    ["useFactory", async({ useFactory: {} }), "options.useFactory must be a function, got {}"],
    ["useClass", async({ useClass: {} }), "options.useClass must be a class, got {}"],
    ["async closeCache", async({ useFactory, closeCache: 0 }), "options.closeCache must be true or false, got 0"],
    ["an unknown one", async({ useFactory, ttl: 5 }), "got 'ttl'"],
  ])("get a message with field, rule and value: %s", (_what, call, message) => {
    const error = expect.objectContaining({
      name: "CacheError",
      code: "invalid_option",
      message: expect.stringContaining(message),
    });
    expect(call).toThrow(error);
  });

  test.each([
    ["of the cache itself", TieredCacheModule.forRoot({ ttl: -5 }), "ttl must be"],
    ["that no cache knows", TieredCacheModule.forRoot({ size: 5 } as object), "got 'size'"],
    [
      "that a factory did not give",
      TieredCacheModule.forRootAsync({ useFactory: () => undefined as never }),
      "the result of useFactory must be options of a cache, or a TieredCacheManager, got undefined",
    ],
    [
      "of a class that makes none",
      TieredCacheModule.forRootAsync({ useClass: class Empty {} as never }),
      "what options.useClass names must be an object with createCacheOptions(), got Empty {}",
    ],
  ])("keep the application from booting: %s", async (_what, module, message) => {
    const booting = NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const error = { name: "CacheError", code: "invalid_option", message: expect.stringContaining(message) };
    await expect(booting).rejects.toMatchObject(error);
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
