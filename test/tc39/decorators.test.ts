// The decorators as standard ones.

import { describe, expect, it } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { Cached, Invalidates } from "../../src/decorators/index.ts";
import { promisesOfDecorators } from "../decorators/behaviour.ts";
import { refusalsOfDecorators } from "../decorators/refusals.ts";
import { defineShop } from "./shop.ts";

interface User {
  readonly id: string;
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
    const stranger = <M>(_method: M, _context: ClassMethodDecoratorContext): M => ((..._args: unknown[]) => {}) as M;
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

describe("a standard decorator", () => {
  it("takes private methods, of objects and of classes", async () => {
    await using cache = new TieredCacheManager();
    const log: string[] = [];
    class Service {
      @Cached("user:{id}", { cache })
      async #get(id: string): Promise<string> {
        log.push(`get ${id}`);
        return id;
      }

      @Cached("count", { cache })
      static async #count(): Promise<number> {
        log.push("count");
        return 2;
      }

      @Invalidates("user:{id}", { cache })
      async #save(id: string): Promise<void> {
        log.push(`save ${id}`);
      }

      async use(): Promise<unknown[]> {
        const before = [await this.#get("1"), await this.#get("1"), await Service.#count(), await Service.#count()];
        await this.#save("1");
        return [...before, await this.#get("1")];
      }
    }
    expect(await new Service().use()).toEqual(["1", "1", 2, 2, "1"]);
    expect(log).toEqual(["get 1", "count", "save 1", "get 1"]);
  });

  it("takes a private method for no override of one of its name in a parent", async () => {
    await using cache = new TieredCacheManager();
    class Parent {
      @Cached("parent:{id}", { cache })
      async #get(id: string): Promise<string> {
        return `parent ${id}`;
      }

      get(id: string): Promise<string> {
        return this.#get(id);
      }
    }
    class Child extends Parent {
      @Cached("child:{id}", { cache })
      async #get(id: string): Promise<string> {
        return `child of ${await this.ofParent(id)}`;
      }

      ofParent(id: string): Promise<string> {
        return super.get(id);
      }

      override get(id: string): Promise<string> {
        return this.#get(id);
      }
    }
    expect(await new Child().get("1")).toBe("child of parent 1");
    expect(await cache.get("parent:1")).toBe("parent 1");
  });

  it("refuses an accessor", () => {
    expect(() => {
      class Service {
        // @ts-expect-error an accessor is no method
        @Cached("user")
        accessor user = "1";
      }
      return Service;
    }).toThrow("@Cached must decorate a method, got the accessor user");
  });

  it("is refused by the compiler on a synchronous method, which only runs when it is called", () => {
    class Service {
      // @ts-expect-error a synchronous method
      @Cached("count")
      count(): number {
        return 1;
      }

      // @ts-expect-error a synchronous method
      @Invalidates("count")
      static touch(): void {}
    }
    expect(Service.prototype.count.name).toBe("count");
  });
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
