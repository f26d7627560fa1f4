// @CachedSync as a standard decorator.

import { describe, expect, it } from "vitest";
import { Cached, CachedSync } from "../../src/decorators/index.ts";
import { TieredCacheManager } from "../../src/index.ts";
import { promisesOfCachedSync } from "../decorators/sync.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { definePrices } from "./prices.ts";

forbidUnhandledRejections();

promisesOfCachedSync(
  definePrices,
  (decorator) => {
    class Service {
      @decorator
      get(id: string): string {
        return id;
      }
    }
    return Service;
  },
  {
    asyncMethod() {
      class Service {
        // @ts-expect-error an asynchronous method
        @CachedSync("user:{id}")
        async get(id: string): Promise<string> {
          return id;
        }
      }
      return Service;
    },
    getter() {
      class Service {
        // @ts-expect-error a getter is no method
        @CachedSync("user")
        get user(): string {
          return "1";
        }
      }
      return Service;
    },
  },
);

describe("the compiler", () => {
  it("accepts what fits a synchronous method", () => {
    class Service {
      @CachedSync((id: string | number) => `user:${id}`)
      byKeyFunction(id: string, _deep?: boolean): string {
        return id;
      }

      @CachedSync("length:{0}", { ttl: (length: number) => length, isNegative: (length: number) => length === 0 })
      byValue(id: string): number {
        return id.length;
      }

      @CachedSync("any:{0}")
      generic<T extends string>(value: T): T {
        return value;
      }

      @CachedSync("json:{0}")
      untyped(text: string) {
        return JSON.parse(text);
      }

      @CachedSync("maybe:{0}")
      maybe(id: string): string | undefined {
        return id === "" ? undefined : id;
      }
    }
    expect(Service.name).toBe("Service");
  });

  it("refuses methods that return promises, or may, and keys and callbacks that do not fit", () => {
    class Service {
      // @ts-expect-error it may return a promise
      @CachedSync("maybe:{0}", { params: [] })
      maybe(id: string): string | Promise<string> {
        return id;
      }

      // @ts-expect-error the method is called with a string
      @CachedSync((id: number) => `user:${id}`)
      byKeyFunction(id: string): string {
        return id;
      }

      // @ts-expect-error the method does not return numbers
      @CachedSync("user:{0}", { ttl: (length: number) => length })
      byValue(id: string): string {
        return id;
      }
    }
    expect(Service.name).toBe("Service");
  });

  it("takes private methods, and refuses to see one as an override", async () => {
    await using cache = new TieredCacheManager();
    let runs = 0;
    class Service {
      @CachedSync("user:{id}", { cache })
      #get(id: string): string {
        runs++;
        return id;
      }

      use(): unknown[] {
        return [this.#get("1"), this.#get("1"), runs];
      }
    }
    expect(new Service().use()).toEqual(["1", "1", 1]);
  });

  it("refuses an asynchronous method under another decorator of this library", () => {
    expect(() => {
      class Service {
        // @ts-expect-error an asynchronous method
        @CachedSync("user:{0}")
        @Cached("other:{0}")
        async get(id: string): Promise<string> {
          return id;
        }
      }
      return Service;
    }).toThrow("@CachedSync must decorate a method that returns no promise, got get, which is async");
  });
});
