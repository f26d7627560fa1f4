// cacheOf and cachedMethods.

import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { TieredCacheManager, type DeleteResult } from "../../src/index.ts";
import { CacheDefaults, Cached, cachedMethods, CachedSync, cacheOf, Invalidates } from "../../src/decorators/index.ts";

let cache: TieredCacheManager;
let runs: string[];

beforeEach(() => {
  cache = new TieredCacheManager();
  runs = [];
});

afterEach(() => cache.close());

function stranger<M extends (...args: never[]) => unknown>(method: M, _context: ClassMethodDecoratorContext): M {
  return function (this: unknown, ...args: never[]) {
    return Reflect.apply(method, this, args);
  } as M;
}

function define() {
  const ran = (what: string): string => {
    runs.push(what);
    return `${what} #${runs.length}`;
  };
  class Users {
    tenant = "acme";

    @Cached("user:{id}", { cache, namespace: "users" })
    async find(id: number, _lang?: string): Promise<string> {
      return ran(`find ${id}`);
    }

    @Cached("{this.tenant}:{id}", { cache })
    async ofTenant(id: number): Promise<string> {
      return ran(`${this.tenant} ${id}`);
    }

    @Cached((id: number) => `fn:${id}`, { cache: () => cache })
    async byFunction(id: number): Promise<string> {
      return ran(`fn ${id}`);
    }

    @Cached(
      function (this: Users, id: number) {
        return `${this.tenant}/${id}`;
      },
      { cache },
    )
    async byThis(id: number): Promise<string> {
      return ran(`this ${id}`);
    }

    @CachedSync("size:{id}", { cache })
    size(id: number): string {
      return ran(`size ${id}`);
    }

    @stranger
    @Cached("below:{id}", { cache })
    async below(id: number): Promise<string> {
      return ran(`below ${id}`);
    }

    @Invalidates("user:{id}", { cache, namespace: "users" })
    @Cached("touch:{id}", { cache })
    async touch(id: number): Promise<string> {
      return ran(`touch ${id}`);
    }

    @Invalidates("user:{0}", { cache })
    async save(_id: number): Promise<void> {}

    @Cached("secret:{id}", { cache })
    async #secret(id: number): Promise<string> {
      return ran(`secret ${id}`);
    }

    @Cached("static:{id}", { cache })
    static async ofClass(id: number): Promise<string> {
      return ran(`static ${id}`);
    }

    secret() {
      return cacheOf(this, this.#secret);
    }
  }

  class Members extends Users {
    @Cached("user:{id}", { cache, namespace: "users" })
    override async find(id: number, lang?: string): Promise<string> {
      return `member of ${await super.find(id, lang)}`;
    }
  }
  return { Users, Members };
}

describe("cacheOf", () => {
  it("reads, looks at, ends and refreshes what is cached for a call", async () => {
    const users = new (define().Users)();
    const find = cacheOf(users, "find");
    expect(find.key(1)).toBe("user:1");
    expect(await find.peek(1)).toBeUndefined();
    expect(runs).toEqual([]);
    expect(await find.get(1)).toBe("find 1 #1");
    expect(await find.peek(1)).toBe("find 1 #1");
    expect(await find.refresh(1)).toBe("find 1 #2");
    expect(await users.find(1)).toBe("find 1 #2");
    expect(await find.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect(await cache.has("user:1", { namespace: "users" })).toBe(false);
    expect(await users.find(1)).toBe("find 1 #3");
  });

  it("does the same at once for a synchronous method", () => {
    const size = cacheOf(new (define().Users)(), "size");
    expect([size.key(1), size.peek(1), size.get(1), size.peek(1)]).toEqual([
      ...["size:1", undefined, "size 1 #1", "size 1 #1"],
    ]);
    expect([size.refresh(1), size.get(1)]).toEqual(["size 1 #2", "size 1 #2"]);
    expect(size.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect(size.peek(1)).toBeUndefined();
  });

  it("is typed by the method", () => {
    const users = new (define().Users)();
    const find = cacheOf(users, "find");
    expectTypeOf(find.key).parameters.toEqualTypeOf<Parameters<typeof users.find>>();
    expectTypeOf(find.get).returns.toEqualTypeOf<Promise<string>>();
    expectTypeOf(find.peek).returns.toEqualTypeOf<Promise<string | undefined>>();
    expectTypeOf(find.invalidate).returns.toEqualTypeOf<Promise<DeleteResult>>();
    expectTypeOf(cacheOf(users, "size").get).returns.toEqualTypeOf<string>();
    expectTypeOf(cacheOf(users.byFunction).refresh).parameters.toEqualTypeOf<[id: number]>();
    // @ts-expect-error a string is no number
    const wrong = (): string => find.key("1");
    expect(wrong()).toBe("user:1");
    // @ts-expect-error a property is no method
    expect(() => cacheOf(users, "tenant")).toThrow("cacheOf must be given a method with @Cached, got 'tenant'");
  });

  it("knows static, private and overriding methods, and those below other decorators", async () => {
    const { Users, Members } = define();
    const users = new Users();
    expect(cacheOf(Users, "ofClass").key(1)).toBe("static:1");
    expect(cacheOf(Users.ofClass).key(1)).toBe("static:1");
    await cacheOf(Users, "ofClass").get(1);
    expect(await cache.has("static:1")).toBe(true);
    expect(await users.secret().get(1)).toBe("secret 1 #2");
    expect(await users.secret().peek(1)).toBe("secret 1 #2");
    expect(cacheOf(users, "touch").key(1)).toBe("touch:1");
    expect(cacheOf(users, "below").key(1)).toBe("below:1");
    expect(await cacheOf(users, "below").refresh(1)).toBe("below 1 #3");
    const members = cacheOf(new Members(), "find");
    expect(await members.get(7)).toBe("member of find 7 #4");
    expect(await members.refresh(7)).toBe("member of find 7 #5");
    expect(await new Users().find(7)).toBe("member of find 7 #5");
  });

  it("reads the key of each object where it is of this", async () => {
    const users = new (define().Users)();
    users.tenant = "emca";
    expect([cacheOf(users, "ofTenant").key(1), cacheOf(users, "byThis").key(1)]).toEqual(["emca:1", "emca/1"]);
  });

  it("works without an object where nothing needs this, and says so where something does", async () => {
    const users = new (define().Users)();
    const byFunction = cacheOf(users.byFunction);
    expect(await byFunction.get(1)).toBe("fn 1 #1");
    expect(await byFunction.invalidate(1)).toEqual({ authority: "none", existed: true });
    expect(await cacheOf(users.find).refresh(1)).toBe("find 1 #2");
    expect(() => cacheOf(users.ofTenant)).toThrow(
      "cacheOf must be given an object for ofTenant, whose templates have properties of this: cacheOf(object, 'ofTenant')",
    );
    const byThis = cacheOf(users.byThis);
    const refused = { code: "invalid_argument", message: expect.stringContaining("needs this.tenant") as string };
    expect(() => byThis.key(1)).toThrow(expect.objectContaining(refused));
    await expect(byThis.invalidate(1)).rejects.toMatchObject(refused);
  });

  it.each<[string, (users: object) => unknown, string]>([
    ["a method that is not cached", (users) => cacheOf(users, "save" as never), "got 'save'"],
    ["a function that is not cached", () => cacheOf(() => 1), "got a function"],
    ["what is no function", () => cacheOf(5 as never), "got 5"],
    [
      "what is no object",
      () => cacheOf(5 as never, "find" as never),
      "cacheOf must be given an object or a class, got 5",
    ],
    ["nothing", () => cacheOf(null as never, "find" as never), "got null"],
  ])("refuses %s", (_what, call, found) => {
    const users = new (define().Users)();
    expect(() => call(users)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(() => call(users)).toThrow(found);
  });

  it("refuses to set or look for a property where there is no object", async () => {
    class Service {
      @Cached("x:{id}", { cache })
      async sets(this: { a: number } | undefined, id: number): Promise<number> {
        if (id === 1) return this === undefined ? 0 : (this.a = 1);
        return this !== undefined && "a" in this ? 1 : 0;
      }
    }
    const { sets }: { sets(id: number): Promise<number> } = new Service();
    await expect(cacheOf(sets).refresh(1)).rejects.toThrow("needs this.a");
    await expect(cacheOf(sets).refresh(2)).rejects.toThrow("needs this.a");
  });
});

describe("cachedMethods", () => {
  it("lists the cached methods of a class with their templates and options", () => {
    const { Users, Members } = define();
    const found = cachedMethods(Users);
    expect(found.map(({ name, isStatic, isSync }) => [name, isStatic, isSync])).toEqual([
      ["ofClass", true, false],
      ["find", false, false],
      ["ofTenant", false, false],
      ["byFunction", false, false],
      ["byThis", false, false],
      ["size", false, true],
      ["touch", false, false],
      // esbuild makes metadata, which tells of those that cannot be seen from outside
      ["#secret", false, false],
      ["below", false, false],
    ]);
    expect(found.filter(({ isPrivate }) => isPrivate).map(({ name }) => name)).toEqual(["#secret"]);
    expect(found[1]).toMatchObject({ key: "user:{id}", options: { namespace: "users", cache } });
    const inherited = cachedMethods(Members).map(({ name }) => name);
    expect(inherited).toHaveLength(found.length);
    expect(inherited.filter((name) => name === "find")).toHaveLength(1);
  });

  it("adds what the class says to the options, and knows nothing of other classes", () => {
    @CacheDefaults({ ttl: "1m", namespace: "class" })
    class Service {
      @Cached({ namespace: "own" })
      async find(): Promise<number> {
        return 1;
      }
    }
    expect(cachedMethods(Service)).toEqual([
      {
        ...{ name: "find", isStatic: false, isPrivate: false, isSync: false, key: undefined },
        options: { ttl: "1m", namespace: "own" },
      },
    ]);
    expect(cachedMethods(class Plain {})).toEqual([]);
    expect(() => cachedMethods({} as never)).toThrow("cachedMethods must be given a class");
  });
});
