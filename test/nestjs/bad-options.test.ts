// What TieredCacheModule says of options that are wrong.

import { NestFactory } from "@nestjs/core";
import { describe, expect, test } from "vitest";
import {
  type CacheOrOptions,
  TieredCacheModule,
  type TieredCacheModuleAsyncOptions,
  type TieredCacheModuleOptions,
} from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { newCache } from "./caches.ts";

forbidUnhandledRejections();

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
      async({ useFactory, useClass: class {} }),
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
