// What the decorators of freshtier/nestjs refuse, and what they say of objects that NestJS has not made.

import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { afterEach, describe, expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import {
  bindCache,
  Cached,
  CachedSync,
  getCacheToken,
  InjectCache,
  Invalidates,
  TieredCacheModule,
} from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { boot } from "./application.ts";

forbidUnhandledRejections();

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

function newCache(): TieredCacheManager {
  const cache = new TieredCacheManager();
  open.push(cache);
  return cache;
}

@Injectable()
class Prices {
  reads = 0;

  @Cached("price:{0}")
  async price(_id: number): Promise<number> {
    return ++this.reads;
  }

  @CachedSync("tax:{0}", { cache: "taxes" })
  tax(_id: number): number {
    return ++this.reads;
  }

  @Invalidates("price:{0}")
  async change(_id: number): Promise<string> {
    this.reads++;
    return "changed";
  }
}

describe("an object that NestJS has not made", () => {
  test("is told so by every call, and nothing is run", async () => {
    const prices = new Prices();
    const rule = (decorator: string, which: string): string =>
      `${decorator} must be called on an object into which ${which} was injected: let NestJS make it, ` +
      "as a class among providers or controllers, or call bindCache(), got Prices";

    await expect(prices.price(1)).rejects.toMatchObject({
      name: "CacheError",
      code: "not_initialized",
      message: rule("@Cached", "the default cache"),
    });
    await expect(prices.change(1)).rejects.toThrow(rule("@Invalidates", "the default cache"));
    expect(() => prices.tax(1)).toThrow(rule("@CachedSync", 'the cache "taxes"'));
    expect(prices.reads).toBe(0);
  });

  test("is told so when a method was taken off its object", async () => {
    const { price } = new Prices();
    await expect(price(1)).rejects.toThrow("got undefined");
  });

  test("has the cache that bindCache gives it, and no other", async () => {
    const [cache, taxes] = [newCache(), newCache()];
    const prices = bindCache(bindCache(new Prices(), cache), taxes, "taxes");

    expect([await prices.price(1), await prices.price(1)]).toEqual([1, 1]);
    expect([prices.tax(1), prices.tax(1)]).toEqual([2, 2]);
    expect(await cache.get("price:1")).toBe(1);
    expect(await taxes.get("tax:1")).toBe(2);
    await expect(new Prices().price(1)).rejects.toMatchObject({ code: "not_initialized" });
  });

  test("made by a factory of a provider gets its cache there", async () => {
    @Module({
      imports: [TieredCacheModule.forRoot()],
      providers: [
        {
          provide: Prices,
          inject: [getCacheToken()],
          useFactory: (cache: TieredCacheManager) => bindCache(new Prices(), cache),
        },
      ],
    })
    class App {}
    const { app } = await boot(App);
    const prices = app.get(Prices);
    expect([await prices.price(1), await prices.price(1)]).toEqual([1, 1]);
  });
});

describe("an application without the cache", () => {
  test("does not boot, and NestJS says which cache of which class is missing", async () => {
    @Module({ imports: [TieredCacheModule.forRoot()], providers: [Prices] })
    class App {}
    const booting = NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    await expect(booting).rejects.toThrow(/dependencies of the Prices[^]*TieredCacheManager\(taxes\)/);
  });

  test("does not boot with the bare module", async () => {
    @Module({ imports: [TieredCacheModule] })
    class App {}
    const booting = NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    await expect(booting).rejects.toThrow("TieredCacheModule.forRoot()");
  });
});

describe("what cannot be decorated", () => {
  test("a static method, into whose class nothing is injected", () => {
    const define = (): unknown => {
      class Service {
        @Cached("key")
        static async find(): Promise<string> {
          return "";
        }
      }
      return Service;
    };
    expect(define).toThrow("@Cached must decorate a method of objects, got the static Service.find");
    expect(define).toThrow(expect.objectContaining({ code: "invalid_decorator" }));
  });

  test("a method that returns no promise, which the compiler says as well", () => {
    const define = (): unknown => {
      class Service {
        // @ts-expect-error it returns no promise
        @Cached("key")
        find(): number {
          return 1;
        }
      }
      return Service;
    };
    expect(define).toThrow("@Cached must decorate a method that returns a promise, got Service.find");
  });

  test("anything in the standard flavour, which NestJS does not know", () => {
    const method = async (): Promise<string> => "";
    const context = { kind: "method", name: "find", static: false, private: false };
    const decorate = Cached("key") as (...args: unknown[]) => unknown;
    expect(() => decorate(method, context)).toThrow(
      "@Cached must be used with experimentalDecorators, as NestJS itself, got a standard decorator",
    );
  });

  test("a class, as with the decorators below", () => {
    const decorate = Invalidates("key") as (...args: unknown[]) => unknown;
    expect(() => decorate(class {})).toThrow("@Invalidates must decorate a method, got a class");
  });
});

describe("bad input", () => {
  const never = undefined as never;

  test.each([
    ["Cached options", () => Cached("k", "5m" as never), "options must be an object, got '5m'"],
    ["cache of Cached", () => Cached("k", { cache: "" }), "options.cache must be a non-empty string, got ''"],
    [
      "cache of CachedSync",
      () => CachedSync("k", { cache: 5 as never }),
      "options.cache must be a non-empty string, got 5",
    ],
    [
      "a cache that is none of a name",
      () => Invalidates("k", { cache: new Map() as never }),
      "options.cache must be a non-empty string, got Map(0) {}",
    ],
    ["getCacheToken", () => getCacheToken(""), "name must be a non-empty string, got ''"],
    ["InjectCache", () => InjectCache(7 as never), "name must be a non-empty string, got 7"],
    ["object of bindCache", () => bindCache(never, newCache()), "object must be an object with decorated methods"],
    ["cache of bindCache", () => bindCache({}, {} as never), "cache must be a cache, got {}"],
    ["name of bindCache", () => bindCache({}, newCache(), ""), "name must be a non-empty string, got ''"],
  ])("in %s gets a message with field, rule and value", (_what, call, message) => {
    expect(call).toThrow(expect.objectContaining({ name: "CacheError", message: expect.stringContaining(message) }));
  });
});
