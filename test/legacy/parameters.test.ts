// What only legacy decorators can do: name and ignore parameters.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { Cached, cacheOf, Invalidates, KeyIgnore, KeyParam } from "../../src/decorators/index.ts";

let cache: TieredCacheManager;

beforeEach(() => {
  cache = new TieredCacheManager();
});

afterEach(() => cache.close());

function define() {
  class Users {
    @Cached("user:{id}:{lang}", { cache })
    async find(@KeyParam("id") a: number, @KeyParam("lang") b: string): Promise<string> {
      return `${a} ${b}`;
    }

    @Cached("mixed:{id}:{lang}", { cache })
    async mixed(@KeyParam("id") a: number, lang: string): Promise<string> {
      return `${a} ${lang}`;
    }

    @Cached("params:{first}:{lang}", { cache, params: ["id", "lang"] })
    async params(@KeyParam("first") a: number, b: string): Promise<string> {
      return `${a} ${b}`;
    }

    @Cached({ cache })
    async list(id: number, @KeyIgnore() log: () => void, page?: number): Promise<string> {
      log();
      return `${id} ${page}`;
    }

    @Cached({ cache })
    static async list(@KeyIgnore() log: () => void, id: number): Promise<string> {
      log();
      return `${id}`;
    }

    @Invalidates("user:{id}:{lang}", { cache })
    async save(@KeyParam("lang") a: string, @KeyParam("id") b: number): Promise<string> {
      return `${a} ${b}`;
    }
  }
  return Users;
}

describe("@KeyParam", () => {
  it("names parameters, whatever they are called in the code, before params and the source", async () => {
    const users = new (define())();
    expect(cacheOf(users, "find").key(1, "de")).toBe("user:1:de");
    expect(cacheOf(users, "mixed").key(1, "de")).toBe("mixed:1:de");
    expect(cacheOf(users, "params").key(1, "de")).toBe("params:1:de");
    await users.find(1, "de");
    await users.save("de", 1);
    expect(await cache.has("user:1:de")).toBe(false);
  });

  it("makes one-letter names safe", () => {
    class Service {
      @Cached("x:{a}", { cache })
      async find(@KeyParam("a") b: number): Promise<number> {
        return b;
      }
    }
    expect(cacheOf(new Service(), "find").key(1)).toBe("x:1");
  });
});

describe("@KeyIgnore", () => {
  it("leaves a parameter out of a key made of arguments", async () => {
    const Users = define();
    let runs = 0;
    const users = new Users();
    await users.list(1, () => runs++);
    await users.list(1, () => runs++);
    await users.list(1, () => runs++, 2);
    await Users.list(() => runs++, 1);
    await Users.list(() => runs++, 1);
    expect(runs).toBe(3);
    expect(cacheOf(users, "list").key(1, () => {}, 2)).toBe("Users.list(1,u,2)");
    expect(cacheOf(Users, "list").key(() => {}, 1)).toBe("static Users.list(u,1)");
  });

  it("is refused where a template names the parameter", () => {
    expect(() => {
      class Service {
        @Cached("x:{log}", { cache })
        async find(@KeyIgnore() log: string): Promise<string> {
          return log;
        }
      }
      return Service;
    }).toThrow('key template "x:{log}" must not name a parameter that @KeyIgnore leaves out, got {log}');
  });
});

describe("a decorator of parameters", () => {
  it("refuses constructors, methods and bad names", () => {
    const place = "must decorate a parameter of a method, with experimentalDecorators";
    expect(() => {
      class Service {
        readonly id: string;
        // @ts-expect-error a constructor has no key
        constructor(@KeyParam("id") id: string) {
          this.id = id;
        }
      }
      return Service;
    }).toThrow(`@KeyParam ${place}`);
    const onMethod = KeyIgnore() as unknown as (...args: unknown[]) => void;
    expect(() => onMethod({}, "find", {})).toThrow(`@KeyIgnore ${place}`);
    expect(() => onMethod(() => {}, { kind: "method" })).toThrow(`@KeyIgnore ${place}`);
    expect(() => KeyParam("")).toThrow("@KeyParam must be given the name of a parameter, got ''");
    expect(() => KeyParam(5 as never)).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });
});
