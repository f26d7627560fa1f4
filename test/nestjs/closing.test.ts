// When the caches of an application are closed, and which.

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
import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { Cached, InjectCache, TieredCacheModule } from "../../src/nestjs/index.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { end } from "./application.ts";
import { bootWith, isClosed, newCache } from "./caches.ts";

forbidUnhandledRejections();

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
