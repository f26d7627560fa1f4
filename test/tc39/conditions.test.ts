// What depends on the call: conditions, lifetimes by the arguments, tags of the result, signals.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheRegistry, TieredCacheManager } from "../../src/index.ts";
import {
  Cached,
  type CachedOptions,
  CachedSync,
  cacheOf,
  createDecorators,
  Invalidates,
} from "../../src/decorators/index.ts";
import { deferred } from "../support/deferred.ts";
import { waitUntil } from "../support/wait-until.ts";

interface User {
  readonly id: number;
  readonly team: string;
}

let cache: TieredCacheManager;
let runs: unknown[];

beforeEach(() => {
  cache = new TieredCacheManager();
  runs = [];
});

afterEach(() => cache.close());

describe("condition", () => {
  it("says whether a call uses the cache, by this and the arguments", async () => {
    class Users {
      readonly cached = 1;

      @Cached("user:{id}", {
        cache,
        condition(this: Users, id: number) {
          return id === this.cached;
        },
      })
      async find(id: number): Promise<number> {
        runs.push(id);
        return id;
      }
    }
    const users = new Users();
    for (const id of [1, 1, 2, 2]) await users.find(id);
    expect(runs).toEqual([1, 2, 2]);
    expect([await cache.has("user:1"), await cache.has("user:2")]).toEqual([true, false]);
    await cacheOf(users, "find").refresh(2);
    expect(await cacheOf(users, "find").peek(2)).toBeUndefined();
    expect(runs).toEqual([1, 2, 2, 2]);
  });

  it("that throws rejects the call", async () => {
    class Users {
      @Cached("user:{id}", {
        cache,
        condition: () => {
          throw new TypeError("no answer");
        },
      })
      async find(id: number): Promise<number> {
        return id;
      }
    }
    await expect(new Users().find(1)).rejects.toThrow("no answer");
  });

  it("holds for an overriding method: its super call is then cached", async () => {
    class Users {
      @Cached("user:{id}", { cache })
      async find(id: number): Promise<string> {
        runs.push(id);
        return `user ${id}`;
      }
    }
    class Members extends Users {
      @Cached("user:{id}", { cache, condition: () => false })
      override async find(id: number): Promise<string> {
        return `member of ${await super.find(id)}`;
      }
    }
    const members = new Members();
    expect([await members.find(1), await members.find(1)]).toEqual(["member of user 1", "member of user 1"]);
    expect(runs).toEqual([1]);
  });
});

describe("unless", () => {
  it("keeps a result from being kept, and gives it to the caller", async () => {
    class Users {
      @Cached("user:{id}", { cache, unless: (user: User | null, id: number) => user === null || id === 7 })
      async find(id: number): Promise<User | null> {
        runs.push(id);
        return id === 0 ? null : { id, team: "red" };
      }

      @CachedSync("size:{id}", { cache, unless: (size: number) => size > 1 })
      size(id: number): number {
        runs.push(`size ${id}`);
        return id;
      }
    }
    const users = new Users();
    for (const id of [0, 0, 7, 7, 1, 1]) await users.find(id);
    expect(runs).toEqual([0, 0, 7, 7, 1]);
    expect([users.size(1), users.size(1), users.size(2), users.size(2)]).toEqual([1, 1, 2, 2]);
    expect(runs.slice(5)).toEqual(["size 1", "size 2", "size 2"]);
  });
});

describe("refresh and tags", () => {
  class Users {
    @Cached("user:{id}", {
      get cache() {
        return () => cache;
      },
      ttl: "1h",
      refresh: (id: number) => ({ ttl: id === 1 ? "1m" : "2m" }),
      tags: (user: User, id: number) => [`team:${user.team}`, `id:${id}`],
    })
    async find(id: number): Promise<User> {
      runs.push(id);
      return { id, team: "red" };
    }
  }

  it("give lifetimes by the arguments, over the others", async () => {
    const users = new Users();
    await users.find(1);
    await users.find(2);
    expect(Math.round(((await cache.ttl("user:1")) ?? 0) / 1000)).toBe(60);
    expect(Math.round(((await cache.ttl("user:2")) ?? 0) / 1000)).toBe(120);
  });

  it("give tags by the result and the arguments", async () => {
    const users = new Users();
    await users.find(1);
    expect((await cache.getEntry("user:1"))?.tags).toEqual(["team:red", "id:1"]);
    await cache.invalidateTags(["team:red"]);
    await users.find(1);
    expect(runs).toEqual([1, 1]);
  });

  it("reject with what they throw, and keep nothing", async () => {
    class Broken {
      @Cached("x", { cache, tags: () => [""] })
      async tagged(): Promise<number> {
        return 1;
      }

      @Cached("y", { cache, refresh: () => ({ ttl: "soon" as never }) })
      async timed(): Promise<number> {
        runs.push("timed");
        return 1;
      }
    }
    await expect(new Broken().tagged()).rejects.toMatchObject({ code: "invalid_key" });
    await expect(new Broken().timed()).rejects.toMatchObject({ code: "invalid_option" });
    expect([runs, await cache.has("x"), await cache.has("y")]).toEqual([[], false, false]);
  });
});

describe("an AbortSignal among the arguments", () => {
  function defineSlow() {
    const gate = deferred<void>();
    const signals: (AbortSignal | undefined)[] = [];
    class Slow {
      @Cached("slow:{id}", { cache })
      async find(id: number, signal?: AbortSignal): Promise<number> {
        signals.push(signal);
        await gate.promise;
        return id;
      }

      @Cached("search:{0.text:hash}", { cache })
      async search(query: { readonly text: string }, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
        signals.push(options.signal);
        await gate.promise;
        return query.text;
      }

      @CachedSync({ cache })
      size(id: number, signal?: AbortSignal): number {
        signals.push(signal);
        return id;
      }
    }
    return { gate, signals, slow: new Slow() };
  }

  it("is no part of the key, and bounds its caller's wait alone", async () => {
    const { gate, signals, slow } = defineSlow();
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const calls = [slow.find(1, leaving.signal), slow.find(1, staying.signal), slow.find(1)];
    await waitUntil(() => signals.length === 1, { what: "the method runs" });
    leaving.abort(new Error("left"));
    await expect(calls[0]).rejects.toThrow("left");
    expect(signals[0]).not.toBe(leaving.signal);
    expect(signals[0]?.aborted).toBe(false);
    gate.resolve();
    expect(await Promise.all(calls.slice(1))).toEqual([1, 1]);
    expect(await slow.find(1)).toBe(1);
    expect(signals).toHaveLength(1);
  });

  it("aborts the run when its last caller has left", async () => {
    const { signals, slow } = defineSlow();
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }) => slow.find(1, signal));
    await waitUntil(() => signals.length === 1, { what: "the method runs" });
    const settled = Promise.allSettled(calls);
    controllers[0]?.abort();
    expect(signals[0]?.aborted).toBe(false);
    controllers[1]?.abort();
    await settled;
    expect(signals[0]?.aborted).toBe(true);
  });

  it("may be a property of an object of options, and stays out of the argument's hash", async () => {
    const { gate, signals, slow } = defineSlow();
    const leaving = new AbortController();
    const calls = [slow.search({ text: "a" }, { signal: leaving.signal }), slow.search({ text: "a" })];
    await waitUntil(() => signals.length === 1, { what: "the method runs" });
    leaving.abort(new Error("left"));
    await expect(calls[0]).rejects.toThrow("left");
    expect(signals[0]?.aborted).toBe(false);
    gate.resolve();
    expect(await calls[1]).toBe("a");
    expect(signals).toHaveLength(1);
  });

  it("that has been aborted rejects the call without a run", async () => {
    const { signals, slow } = defineSlow();
    await expect(slow.find(1, AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
    expect(signals).toEqual([]);
    expect(() => slow.size(1, AbortSignal.abort(new Error("late")))).toThrow("late");
    expect(slow.size(1, new AbortController().signal)).toBe(1);
    expect(slow.size(1)).toBe(1);
    expect(signals).toHaveLength(1);
  });
});

describe("enabled: false", () => {
  it("runs the method before there is any cache, and keeps nothing", async () => {
    class Users {
      @Cached("user:{id}", { enabled: false })
      async find(id: number): Promise<number> {
        runs.push(id);
        return id;
      }

      @CachedSync({ enabled: false })
      size(id: number): number {
        runs.push(id);
        return id;
      }

      @Invalidates("user:{id}", { enabled: false })
      async save(id: number): Promise<number> {
        runs.push(id);
        return id;
      }
    }
    cacheRegistry.reset();
    const users = new Users();
    expect([await users.find(1), await users.find(1), users.size(1), users.size(1), await users.save(1)]).toEqual([
      ...[1, 1, 1, 1, 1],
    ]);
    expect(runs).toHaveLength(5);
    const [find, size] = [cacheOf(users, "find"), cacheOf(users, "size")];
    expect([await find.peek(1), size.peek(1)]).toEqual([undefined, undefined]);
    expect([await find.refresh(1), size.refresh(1)]).toEqual([1, 1]);
    const nothing = { authority: "none", existed: false };
    expect([await find.invalidate(1), size.invalidate(1)]).toEqual([nothing, nothing]);
  });

  it.each<[string, object]>([
    ["condition", { condition: 5 }],
    ["unless", { unless: 5 }],
    ["refresh", { refresh: 5 }],
    ["enabled", { enabled: 5 }],
    ["params", { params: [5] }],
    ["tags", { tags: 5 }],
  ])("and other options are checked when the class is defined: %s", (name, options) => {
    const define = (): unknown => {
      class Service {
        @Cached("x", options as CachedOptions)
        async find(): Promise<number> {
          return 1;
        }
      }
      return Service;
    };
    expect(define).toThrow(expect.objectContaining({ code: "invalid_option" }));
    expect(define).toThrow(`${name} must be`);
  });

  it("takes tiers by their names, which only the cache can check", async () => {
    class Service {
      @Cached("x", { cache, tiers: { redis: false } })
      async find(): Promise<number> {
        return 1;
      }
    }
    await expect(new Service().find()).rejects.toThrow("options.tiers must hold known options only (memory)");
  });
});

describe("createDecorators", () => {
  it("binds decorators and wrap to a cache, which their own options precede", async () => {
    await using other = new TieredCacheManager();
    const bound = createDecorators(cache);
    class Users {
      @bound.Cached("user:{id}")
      async find(id: number): Promise<number> {
        return id;
      }

      @bound.CachedSync("size:{id}")
      size(id: number): number {
        return id;
      }

      @bound.Cached("other:{id}", { cache: other })
      async elsewhere(id: number): Promise<number> {
        return id;
      }

      @bound.Invalidates("user:{id}")
      async save(id: number): Promise<number> {
        return id;
      }
    }
    const users = new Users();
    await users.find(1);
    users.size(1);
    await users.elsewhere(1);
    const wrapped = bound.wrap(async (id: number) => id, { id: "wrapped" });
    await wrapped(1);
    const has = ["user:1", "size:1", "other:1", "wrapped(1)"].map((key) => cache.has(key));
    expect(await Promise.all(has)).toEqual([true, true, false, true]);
    expect(await other.has("other:1")).toBe(true);
    await users.save(1);
    expect(await cache.has("user:1")).toBe(false);
  });

  it("takes a function that finds the cache of each object", async () => {
    await using other = new TieredCacheManager();
    const bound = createDecorators((self: { readonly home: TieredCacheManager }) => self.home);
    class Users {
      readonly home: TieredCacheManager;

      constructor(home: TieredCacheManager) {
        this.home = home;
      }

      @bound.Cached()
      async find(id: number): Promise<number> {
        runs.push(id);
        return id;
      }
    }
    for (const users of [new Users(cache), new Users(other), new Users(other)]) await users.find(1);
    expect(runs).toEqual([1, 1]);
    expect([await cache.has("Users.find(1)"), await other.has("Users.find(1)")]).toEqual([true, true]);
  });

  it.each([undefined, null, 5, {}])("refuses %j for a cache", (value) => {
    expect(() => createDecorators(value as never)).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });
});
