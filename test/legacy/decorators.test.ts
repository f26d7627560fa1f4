// The decorators under experimentalDecorators and emitDecoratorMetadata.

import { describe, expect, it } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { Cached, Invalidates } from "../../src/decorators/index.ts";
import { promisesOfDecorators } from "../decorators/behaviour.ts";
import { refusalsOfDecorators } from "../decorators/refusals.ts";
import { defineShop } from "./shop.ts";

class User {
  readonly id: string = "1";
}

promisesOfDecorators(defineShop);

refusalsOfDecorators({
  unknownName() {
    class Service {
      @Cached("user:{user}")
      async get(id: string, ..._others: string[]): Promise<string> {
        return id;
      }
    }
    return Service;
  },
  oneLetterName() {
    class Service {
      @Cached("user:{a}")
      async get(a: string): Promise<string> {
        return a;
      }
    }
    return Service;
  },
  wrappedByStranger() {
    const stranger = (_target: object, _name: string, descriptor: PropertyDescriptor): PropertyDescriptor => ({
      ...descriptor,
      value: (..._args: unknown[]) => {},
    });
    class Service {
      @Cached("user:{id}")
      @stranger
      async get(id: string): Promise<string> {
        return id;
      }
    }
    return Service;
  },
  field() {
    class Service {
      // @ts-expect-error a field is no method
      @Cached("user:{0}")
      get = async (id: string): Promise<string> => id;
    }
    return Service;
  },
  getter() {
    class Service {
      // @ts-expect-error a getter is no method
      @Cached("user")
      get user(): string {
        return "1";
      }
    }
    return Service;
  },
  wholeClass() {
    // @ts-expect-error a class is no method
    @Cached("user")
    class Service {
      readonly name = "service";
    }
    return Service;
  },
  decorate: (decorator) => {
    class Service {
      @decorator
      async get(id: string): Promise<string> {
        return id;
      }
    }
    return Service;
  },
});

describe("a legacy decorator", () => {
  it("refuses a parameter of a method or constructor", () => {
    expect(() => {
      class Service {
        // @ts-expect-error a parameter is no method
        async get(@Cached("user") id: string): Promise<string> {
          return id;
        }
      }
      return Service;
    }).toThrow("@Cached must decorate a method, got a parameter of Service.get");
    expect(() => {
      class Service {
        // @ts-expect-error a parameter is no method
        constructor(@Invalidates("user") _id: string) {}
      }
      return Service;
    }).toThrow("@Invalidates must decorate a method, got a class or a constructor's parameter");
  });

  it("leaves the property as writable, enumerable and configurable as it was", () => {
    class Service {
      @Cached("user:{id}")
      async get(id: string): Promise<string> {
        return id;
      }
      async plain(): Promise<void> {}
    }
    const { value: _get, ...decorated } = Object.getOwnPropertyDescriptor(Service.prototype, "get") ?? {};
    const { value: _plain, ...plain } = Object.getOwnPropertyDescriptor(Service.prototype, "plain") ?? {};
    expect(decorated).toEqual(plain);
  });
});

describe("type metadata", () => {
  const mark =
    (text: string) =>
    (_target: object, _name: string, descriptor: PropertyDescriptor): void => {
      Reflect.defineMetadata("mark", text, descriptor.value as object);
    };

  it.each([
    ["Number", () => define(Number)],
    ["Array", () => define(Array)],
    ["User", () => define(User)],
  ])("that says a method returns %s refuses it", (name, run) => {
    expect(run).toThrow(
      `@Cached must decorate a method that returns a promise, got Service.get, which returns ${name}`,
    );
  });

  it.each([
    ["Promise", Promise],
    ["a class with a then", class Thenable extends Promise<string> {}],
    ["anything", Object],
    ["nothing", undefined],
  ])("that says a method returns %s accepts it", (_name, type) => {
    expect(() => define(type)).not.toThrow();
  });

  it("refuses a synchronous method when the class is defined", () => {
    expect(() => {
      class Service {
        // @ts-expect-error a synchronous method
        @Cached("count")
        count(): number {
          return 1;
        }
      }
      return Service;
    }).toThrow("got Service.count, which returns Number");
    expect(() => {
      class Service {
        readonly name = "service";
        // @ts-expect-error a synchronous method
        @Invalidates("count")
        static touch(): Date {
          return new Date(0);
        }
      }
      return Service;
    }).toThrow("@Invalidates must decorate a method that returns a promise, got Service.touch, which returns Date");
  });

  it("refuses a placeholder for an object of a class, and suggests its properties", () => {
    expect(() => {
      class Service {
        @Cached("user:{user}")
        async byName(user: User): Promise<string> {
          return user.id;
        }
      }
      return Service;
    }).toThrow(
      'key template "user:{user}" must name a property of an object, such as {user.someProperty}, got {user}, whose type is User',
    );
    expect(() => {
      class Service {
        @Invalidates({ tags: "users:{1}" })
        async byIndex(_first: string, ids: string[]): Promise<string> {
          return ids.join();
        }
      }
      return Service;
    }).toThrow("got {1}, whose type is Array");
  });

  it("accepts placeholders for everything that can be part of a key, and for properties", async () => {
    await using cache = new TieredCacheManager();
    type Id = string | number;
    class Service {
      @Cached("{0}:{1}:{2}:{3}:{4}:{5}:{user.id}", { cache })
      async get(_a: string, _b: number, _c: boolean, _d: bigint, _e: Date, _f: Id, user: User): Promise<string> {
        return user.id;
      }
    }
    await new Service().get("a", 1, true, 2n, new Date(0), "f", new User());
    expect(await cache.has("a:1:true:2:1970-01-01T00%3A00%3A00.000Z:f:1")).toBe(true);
  });

  it("that other decorators left on a method is found on the cached one", () => {
    class Service {
      @mark("outer")
      @Cached("user:{id}")
      async outer(id: string): Promise<string> {
        return id;
      }
      @Invalidates("user:{id}")
      @Cached("user:{id}")
      @mark("inner")
      async inner(id: string): Promise<string> {
        return id;
      }
    }
    expect(Reflect.getMetadata("mark", Service.prototype.outer)).toBe("outer");
    expect(Reflect.getMetadata("mark", Service.prototype.inner)).toBe("inner");
    expect(Reflect.getMetadata("design:paramtypes", Service.prototype, "inner")).toEqual([String]);
  });

  /** What the compiler makes of a method whose return type is `type`. */
  function define(type: unknown): void {
    class Service {
      async get(id: string): Promise<string> {
        return id;
      }
    }
    Reflect.defineMetadata("design:returntype", type, Service.prototype, "get");
    const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, "get") as TypedPropertyDescriptor<
      Service["get"]
    >;
    Cached("user:{id}")(Service.prototype, "get", descriptor);
  }
});

describe("the compiler", () => {
  it("accepts what fits a method", () => {
    class Service {
      @Cached((id: string | number) => `user:${id}`)
      async byKeyFunction(id: string, _deep?: boolean): Promise<string> {
        return id;
      }

      @Cached("user:{0}", {
        ttl: (user: User) => user.id.length,
        tags: ["users"],
        namespace: "users",
        staleIfError: "1h",
      })
      async byValue(id: string): Promise<User> {
        return { id };
      }

      @Cached("any:{0}")
      async generic<T extends string>(value: T): Promise<T> {
        return value;
      }

      overloaded(id: string): Promise<string>;
      overloaded(id: number, deep: boolean): Promise<string>;
      @Cached("overloaded:{0}")
      async overloaded(id: string | number, _deep?: boolean): Promise<string> {
        return String(id);
      }

      @Cached("promised:{0}")
      promised(id: string): Promise<string> {
        return Promise.resolve(id);
      }
    }
    expect(Service.name).toBe("Service");
  });

  it("refuses a key function that does not take the arguments, and callbacks that do not take the result", () => {
    class Service {
      // @ts-expect-error the method is called with a string
      @Cached((id: number) => `user:${id}`)
      async byKeyFunction(id: string): Promise<string> {
        return id;
      }

      // @ts-expect-error the method is called with a string
      @Invalidates((id: number) => `user:${id}`)
      async save(id: string): Promise<string> {
        return id;
      }

      // @ts-expect-error the method does not return users
      @Cached("user:{0}", { ttl: (user: User) => user.id.length })
      async byValue(id: string): Promise<string> {
        return id;
      }
    }
    expect(Service.name).toBe("Service");
  });
});
